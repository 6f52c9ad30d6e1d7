#include "campaign/checkout.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "isolation/owner.h"
#include "record/git.h"

#define SOURCE "{source}"
#define TOLD_BYTES 300 /* of the end of what a failed build said */

static void build_failed(const char *ref, const char *log, struct error *err)
{
	char end[TOLD_BYTES + 1];
	FILE *said = fopen(log, "re"); /* it may be long: only its end is read */
	if (said != NULL && fseek(said, -TOLD_BYTES, SEEK_END) != 0)
		rewind(said);
	end[said != NULL ? fread(end, 1, TOLD_BYTES, said) : 0] = '\0';
	if (said != NULL)
		fclose(said);
	error_set(err, ERROR_INPUT, "'%s' does not build: %s", ref, end);
}

static int add_worktree(struct checkout *c, const struct checkout_options *options, const char *ref, struct error *err)
{
	char *commit_of = xasprintf("%s^{commit}", ref);
	const char *const resolve[] = { "git",	     "-C",	 options->repository,
					"rev-parse", "--verify", "--end-of-options",
					commit_of,   NULL };
	struct buf commit = BUF_INIT, said = BUF_INIT;
	struct owner self;
	char owner[OWNER_TEXT_MAX];
	int rc = owner_self(&self, err);
	if (rc != 0) {
		free(commit_of);
		return rc;
	}
	if (git_read(resolve, &commit) != 0) {
		rc = error_set(err, ERROR_USAGE, "'%s' is no commit of '%s'", ref, options->repository);
	} else {
		c->commit = buf_detach(&commit);
		/* Two sides may be one commit. */
		c->folder = xasprintf("%s/" CHECKOUT_PREFIX "%s-%.12s-XXXXXX", options->under,
				      owner_format(&self, owner), c->commit);
		const char *const add[] = { "git",	"-C",	   options->repository, "worktree", "add",
					    "--detach", "--force", c->folder,		c->commit,  NULL };
		if (mkdtemp(c->folder) == NULL)
			rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot make folder '%s'", c->folder);
		else if (git_read(add, &said) != 0)
			rc = error_set(err, ERROR_SYSTEM, "git cannot make a worktree of '%s' in '%s'", ref, c->folder);
	}
	buf_release(&commit);
	buf_release(&said);
	free(commit_of);
	return rc;
}

int checkout_make(struct checkout *c, const struct checkout_options *options, struct interrupt *interrupt,
		  const char *ref, bool *builds, struct error *err)
{
	char under[PATH_MAX];
	*c = (struct checkout){ 0 };
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
		rc = interrupt_shell(interrupt, options->build, c->folder, log, builds, err);
		if (rc == 0 && !*builds)
			build_failed(ref, log, err);
		unlink(log);
		free(log);
	}
	if (rc != 0 || !*builds)
		checkout_remove(c);
	return rc;
}

/*
 * The tree by our own remover: git's would go through a mount.  Then git's note of it; twice --force, because git locks
 * a worktree while it makes it, and a killed one leaves the lock.
 */
int checkout_discard(const char *folder, struct error *err)
{
	const char *const ask[] = {
		"git", "-C", folder, "rev-parse", "--path-format=absolute", "--git-common-dir", NULL
	};
	struct buf repository = BUF_INIT, said = BUF_INIT;
	char path[PATH_MAX];
	bool known = git_read(ask, &repository) == 0 && realpath(folder, path) != NULL;
	int rc = fs_remove_tree(folder, err);
	if (known && rc == 0) {
		const char *const forget[] = { "git",	   "--git-dir", buf_str(&repository),
					       "worktree", "remove",	"--force",
					       "--force",  path,	NULL };
		git_read(forget, &said); /* none where git had not come so far */
	}
	buf_release(&repository);
	buf_release(&said);
	return rc;
}

void checkout_remove(struct checkout *c)
{
	struct error err = ERROR_INIT;
	if (c->folder != NULL && checkout_discard(c->folder, &err) != 0)
		log_error("%s", err.message);
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
	free(s->source);
	s->source = xstrdup(c->folder);
	scenario_set_command(s, command);
	for (size_t i = 0; i < count; i++)
		free(command[i]);
	free(command);
}
