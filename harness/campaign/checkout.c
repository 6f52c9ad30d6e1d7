#include "campaign/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/git.h"

#define SOURCE "{source}"
#define TOLD_BYTES 300 /* of the end of what a failed build said */

/* The build line in the worktree, with all its output in a file; its wait status, or -1. */
static int run_build(const struct checkout *c, const char *build, const char *log)
{
	const char *const words[] = { "sh", "-c", build, NULL };
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	posix_spawn_file_actions_addchdir_np(&actions, c->folder);
	int failed = posix_spawn(&pid, "/bin/sh", &actions, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	while (!failed && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return failed ? -1 : status;
}

static void build_failed(const char *ref, const char *log, struct error *err)
{
	struct buf said = BUF_INIT;
	fs_read_file(log, &said, NULL);
	const char *end = buf_str(&said) + (said.len > TOLD_BYTES ? said.len - TOLD_BYTES : 0);
	error_set(err, ERROR_INPUT, "'%s' does not build: %s", ref, end);
	buf_release(&said);
}

static int add_worktree(struct checkout *c, const struct checkout_options *options, const char *ref, struct error *err)
{
	char *commit_of = xasprintf("%s^{commit}", ref);
	const char *const resolve[] = { "git",	     "-C",	 options->repository,
					"rev-parse", "--verify", "--end-of-options",
					commit_of,   NULL };
	struct buf commit = BUF_INIT, said = BUF_INIT;
	int rc = 0;
	if (git_read(resolve, &commit) != 0) {
		rc = error_set(err, ERROR_USAGE, "'%s' is no commit of '%s'", ref, options->repository);
	} else {
		c->commit = buf_detach(&commit);
		c->folder = xasprintf("%s/source-%d-%.12s", options->under, getpid(), c->commit);
		const char *const add[] = { "git",	"-C",	   options->repository, "worktree", "add",
					    "--detach", "--force", c->folder,		c->commit,  NULL };
		if (git_read(add, &said) != 0)
			rc = error_set(err, ERROR_SYSTEM, "git cannot make a worktree of '%s' in '%s'", ref, c->folder);
	}
	buf_release(&commit);
	buf_release(&said);
	free(commit_of);
	return rc;
}

int checkout_make(struct checkout *c, const struct checkout_options *options, const char *ref, bool *builds,
		  struct error *err)
{
	char under[PATH_MAX];
	*c = (struct checkout){ .repository = options->repository };
	*builds = true;
	if (fs_make_dirs(options->under, err) != 0)
		return -1;
	if (realpath(options->under, under) == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot resolve '%s'", options->under);
	struct checkout_options absolute = *options;
	absolute.under = under;
	int rc = add_worktree(c, &absolute, ref, err);
	if (rc == 0 && options->build != NULL) {
		char *log = xasprintf("%s.log", c->folder);
		*builds = run_build(c, options->build, log) == 0;
		if (!*builds)
			build_failed(ref, log, err);
		unlink(log);
		free(log);
	}
	if (rc != 0 || !*builds)
		checkout_remove(c);
	return rc;
}

void checkout_remove(struct checkout *c)
{
	struct buf said = BUF_INIT;
	if (c->folder != NULL) {
		const char *const remove[] = { "git",	 "-C",	    c->repository, "worktree",
					       "remove", "--force", c->folder,	   NULL };
		if (git_read(remove, &said) != 0)
			fs_remove_tree(c->folder, NULL);
	}
	buf_release(&said);
	free(c->folder);
	free(c->commit);
	*c = (struct checkout){ 0 };
}

void checkout_set_command(const struct checkout *c, struct scenario *s, char *const words[])
{
	size_t count = 0;
	while (words[count] != NULL)
		count++;
	char **command = xcalloc(count + 1, sizeof(*command));
	for (size_t i = 0; i < count; i++) {
		struct buf word = BUF_INIT;
		const char *at = words[i], *next;
		for (; (next = strstr(at, SOURCE)) != NULL; at = next + strlen(SOURCE)) {
			buf_add(&word, at, (size_t)(next - at));
			buf_adds(&word, c->folder);
		}
		buf_adds(&word, at);
		command[i] = buf_detach(&word);
	}
	scenario_set_command(s, command);
	for (size_t i = 0; i < count; i++)
		free(command[i]);
	free(command);
}
