#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

char **spawn_environment(const char *const *variables)
{
	size_t added = 0, inherited = 0, count = 0;
	while (variables != NULL && variables[added] != NULL)
		added++;
	while (environ[inherited] != NULL)
		inherited++;
	char **env = xcalloc(added + inherited + 1, sizeof(*env));
	for (; count < added; count++)
		env[count] = (char *)variables[count];
	for (size_t i = 0; i < inherited; i++)
		if (strncmp(environ[i], "GIT_", 4) != 0)
			env[count++] = environ[i];
	return env;
}

static int start(const struct spawn_options *o, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (o->input >= 0)
		posix_spawn_file_actions_adddup2(&actions, o->input, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	char **env = spawn_environment(o->variables);
	int rc = posix_spawnp(pid, o->words[0], &actions, &attributes, (char *const *)o->words, env);
	free(env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

/* False: it was still there at the deadline, and was killed. */
static bool await(pid_t pid, uint64_t deadline_ns, int *status)
{
	uint64_t end_ns = clock_ns() + deadline_ns;
	struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	bool ended = p.fd < 0; /* no descriptor left for it: waited for without a deadline */
	while (!ended) {
		uint64_t now_ns = clock_ns();
		if (now_ns >= end_ns) {
			kill(pid, SIGKILL);
			break;
		}
		ended = poll(&p, 1, (int)((end_ns - now_ns) / NS_PER_MS) + 1) == 1;
	}
	if (p.fd >= 0)
		close(p.fd);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return ended;
}

int spawn_run(const struct spawn_options *o, int *result, struct error *err)
{
	int out = memfd_create("output", MFD_CLOEXEC), status = -1;
	pid_t pid;
	if (out < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make a memory file");
	int rc = start(o, out, &pid);
	if (rc != 0)
		error_set_errno(err, ERROR_ENVIRONMENT, rc, "cannot start '%s'", o->words[0]);
	else if (!await(pid, o->deadline_ns, &status))
		rc = error_set(err, ERROR_ENVIRONMENT, "'%s' did not end", o->words[0]);
	else if (status != 0 || lseek(out, 0, SEEK_SET) != 0)
		rc = error_set(err, ERROR_ENVIRONMENT, "'%s' failed", o->words[0]);
	if (rc != 0) {
		close(out);
		return -1;
	}
	*result = out;
	return 0;
}
