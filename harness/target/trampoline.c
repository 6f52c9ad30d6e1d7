#include "target/trampoline.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/open_files.h"
#include "base/options.h"
#include "isolation/isolation.h"

static const struct option_row rows[] = {
	{ "backend", 0, OPTION_STRING, offsetof(struct trampoline_options, backend), "NAME", "none", 0, 0, NULL, "" },
	{ "group", 0, OPTION_STRING, offsetof(struct trampoline_options, group), "NAME", "", 0, 0, NULL, "" },
	{ "cwd", 0, OPTION_STRING, offsetof(struct trampoline_options, cwd), "DIR", NULL, 0, 0, NULL, "" },
	{ "rig", 0, OPTION_STRING, offsetof(struct trampoline_options, rig), "PID", NULL, 0, 0, NULL, "" },
	{ "open-files", 0, OPTION_STRING, offsetof(struct trampoline_options, open_files), "N", NULL, 0, 0, NULL, "" },
	{ "ram-data", 0, OPTION_STRING, offsetof(struct trampoline_options, ram_data), "DIR", NULL, 0, 0, NULL, "" },
	{ "ram-tmp", 0, OPTION_STRING, offsetof(struct trampoline_options, ram_tmp), "DIR", NULL, 0, 0, NULL, "" },
	{ "network-namespace", 0, OPTION_FLAG, offsetof(struct trampoline_options, network_namespace), NULL, NULL, 0, 0,
	  NULL, "" },
	{ NULL, 0, OPTION_FLAG, 0, NULL, NULL, 0, 0, NULL, NULL },
};

static void push(char ***argv, size_t *count, const char *word)
{
	*argv = xrealloc(*argv, (*count + 2) * sizeof(**argv));
	(*argv)[(*count)++] = xstrdup(word);
	(*argv)[*count] = NULL;
}

char **trampoline_argv(const char *self_exe, const struct trampoline_options *options, char *const command[])
{
	char **argv = NULL;
	size_t count = 0;
	push(&argv, &count, self_exe);
	push(&argv, &count, TRAMPOLINE_COMMAND);
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		const void *field = (const char *)options + row->offset;
		const char *value = NULL;
		if (row->type == OPTION_FLAG) {
			if (!*(const bool *)field)
				continue;
		} else {
			value = *(const char *const *)field;
			if (value == NULL)
				continue;
		}
		char *word = xasprintf("--%s%s%s", row->name, value ? "=" : "", value ? value : "");
		push(&argv, &count, word);
		free(word);
	}
	push(&argv, &count, "--");
	for (size_t i = 0; command[i] != NULL; i++)
		push(&argv, &count, command[i]);
	return argv;
}

void trampoline_free_argv(char **argv)
{
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

static int mount_ram(const char *path, struct error *err)
{
	int covered = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (covered < 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot open folder '%s'", path);
	int rc = 0;
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=100%") != 0)
		rc = error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot mount a tmpfs on '%s'", path);
	else /* what the scenario writes before the start would lie below it, unseen */
		rc = fs_copy_tree(covered, path, err);
	close(covered);
	return rc;
}

/* The tmpfs lives in a mount namespace of the server's own: nothing to unmount, whoever dies first. */
static int enter_mounts(const struct trampoline_options *o, struct error *err)
{
	if (o->ram_data == NULL && o->ram_tmp == NULL)
		return 0;
	if (unshare(CLONE_NEWNS) != 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot make a mount namespace for the RAM disk");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot make the mounts private");
	if (o->ram_data != NULL && mount_ram(o->ram_data, err) != 0)
		return -1;
	return o->ram_tmp == NULL ? 0 : mount_ram(o->ram_tmp, err);
}

static int enter_network(const struct trampoline_options *o, struct error *err)
{
	if (!o->network_namespace)
		return 0;
	if (unshare(CLONE_NEWNET) != 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot make a network namespace");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo" };
	lo.ifr_flags = IFF_UP | IFF_RUNNING; /* netdevice(7): a new namespace starts with loopback down */
	int rc = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0
			 ? error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot bring up loopback in the namespace")
			 : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int join(const struct trampoline_options *o, struct error *err)
{
	const struct isolation_backend *backend = isolation_by_name(o->backend);
	if (backend == NULL)
		return error_set(err, ERROR_BUG, "unknown isolation backend '%s'", o->backend);
	return backend->join(o->group, err);
}

/* Only where the server does not run here itself. */
static int stand_in(const struct trampoline_options *o, char *const command[], struct error *err)
{
	const struct isolation_backend *backend = isolation_by_name(o->backend);
	return backend->stand_in == NULL
		       ? 0
		       : backend->stand_in(o->group, o->cwd != NULL ? o->cwd : "/", command, TRAMPOLINE_ERROR_FD, err);
}

/* A rig killed by SIGKILL must not leave the server behind.  Its end before the prctl() has sent no signal. */
static int tie_to_rig(const struct trampoline_options *o, struct error *err)
{
	if (o->rig == NULL)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot tie the server's life to the rig's");
	return getppid() == (pid_t)atoi(o->rig) ? 0 : error_set(err, ERROR_SYSTEM, "the rig is gone");
}

/* The rig's own protection from the OOM killer is not the server's.  Where it may not be lowered, it stays. */
static void stand_for_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t written = write(fd, "0", 1);
	(void)written;
	close(fd);
}

static int become(const struct trampoline_options *o, char *const command[], struct error *err)
{
	if (tie_to_rig(o, err) != 0 ||
	    (o->open_files != NULL && open_files_set(strtoull(o->open_files, NULL, 10), err) != 0) ||
	    join(o, err) != 0 || enter_mounts(o, err) != 0 || enter_network(o, err) != 0)
		return -1;
	if (o->cwd != NULL && chdir(o->cwd) != 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot change to folder '%s'", o->cwd);
	stand_for_oom_killer();
	if (stand_in(o, command, err) != 0)
		return -1;
	/* Signal mask and dispositions are the defaults already: uv_spawn() resets them in the child. */
	execvp(command[0], command);
	return error_set_errno(err, ERROR_TARGET, errno, "cannot run '%s'", command[0]);
}

int trampoline_main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct trampoline_options options = { 0 };
	struct options_result result;
	fcntl(TRAMPOLINE_ERROR_FD, F_SETFD, FD_CLOEXEC);
	if (options_defaults(rows, &options, &err) == 0 &&
	    options_parse(rows, argc, argv, &options, &result, &err) == 0) {
		if (result.rest == NULL || result.rest[0] == NULL)
			error_set(&err, ERROR_BUG, "the trampoline was given no command");
		else
			become(&options, result.rest, &err);
	}
	ssize_t written = write(TRAMPOLINE_ERROR_FD, err.message, strlen(err.message));
	(void)written; /* nobody left to tell */
	return 127;
}
