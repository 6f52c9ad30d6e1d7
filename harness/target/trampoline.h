/*
 * trampoline - the few steps between fork and exec of the server: the rig starts
 * itself again as `oomrig __trampoline …`, which joins the group, so that every
 * byte the server ever touches is charged, and then becomes the server.
 *
 * Steps: die with the rig (PR_SET_PDEATHSIG, prctl(2)), also when it is gone already;
 * the limit of open files that the rig was started with; join the group; own mount
 * namespace with a tmpfs where one is asked for, what the folder held copied into
 * it; an oom_score_adj of 0 where it may be set; own network namespace with
 * loopback up; chdir; exec.  What fails is written as text to descriptor
 * TRAMPOLINE_ERROR_FD, which closes on exec: the rig reads either a message or
 * the end of file that means "the server is running".
 */
#ifndef OOMRIG_TARGET_TRAMPOLINE_H
#define OOMRIG_TARGET_TRAMPOLINE_H

#include <stdbool.h>
#include <stddef.h>

#define TRAMPOLINE_COMMAND "__trampoline"
#define TRAMPOLINE_ERROR_FD 3

struct trampoline_options {
	const char *backend; /* name in isolation_backends */
	const char *group;
	const char *cwd;
	const char *rig;		/* its process id, NULL: lives on without it */
	const char *open_files;		/* soft limit, NULL: as it is */
	const char *ram_data, *ram_tmp; /* folders to put a tmpfs on, NULL: none */
	bool network_namespace;
};

/*
 * The words to spawn: self_exe, TRAMPOLINE_COMMAND, options, "--", command.  A
 * heap array ended by NULL; free it with trampoline_free_argv().
 */
char **trampoline_argv(const char *self_exe, const struct trampoline_options *options, char *const command[]);
void trampoline_free_argv(char **argv);

/* What main() calls for TRAMPOLINE_COMMAND; returns an exit status only if exec failed. */
int trampoline_main(int argc, char **argv);

#endif
