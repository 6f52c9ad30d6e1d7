/* The git state of a source folder, asked of git itself (git-status(1), porcelain format v2). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "record/git.h"
#include "record/host.h"

#define DEADLINE_NS (60 * NS_PER_S)

/* Returns a descriptor to read from, which the caller closes; -1: git is missing, said no or did not end. */
static int git_run(const char *const words[], int input)
{
	/* It writes nothing to the index and asks nobody anything. */
	static const char *const variables[] = { "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", NULL };
	struct spawn_options options = {
		.words = words, .variables = variables, .input = input, .deadline_ns = DEADLINE_NS
	};
	int out;

	return spawn_run(&options, &out, NULL) == 0 ? out : -1;
}

static void read_all(int fd, struct buf *out)
{
	char block[4096];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0)
		buf_add(out, block, (size_t)got);
}

int git_read(const char *const words[], struct buf *out)
{
	int fd = git_run(words, -1);

	if (fd < 0)
		return -1;
	read_all(fd, out);
	close(fd);
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return 0;
}

/* git's hash of all changes against the commit, so that two dirty builds can be told apart. */
static json_t *diff_hash(const char *folder)
{
	const char *const diff[] = {
		"git", "-C", folder, "diff", "--no-ext-diff", "--binary", "HEAD", "--", ".", NULL
	};
	const char *const hash[] = { "git", "hash-object", "--stdin", NULL };
	struct buf text = BUF_INIT;
	json_t *json = NULL;
	int changes = git_run(diff, -1);
	int digest = changes >= 0 ? git_run(hash, changes) : -1;

	if (digest >= 0) {
		read_all(digest, &text);
		close(digest);
		json = json_stringn(buf_str(&text), strcspn(buf_str(&text), "\n"));
		buf_release(&text);
	}
	if (changes >= 0)
		close(changes);
	return json ? json : json_null();
}

/* The value behind "# KEY " if the line is that header, NULL otherwise. */
static const char *header_value(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, "# ", 2) == 0 && strncmp(line + 2, key, len) == 0 && line[2 + len] == ' ' ? line + 3 + len
												       : NULL;
}

/* "(initial)" and "(detached)" stand for what is not there. */
static json_t *name_or_null(const char *name)
{
	json_t *json = name[0] != '(' ? text_json(name) : NULL;

	return json ? json : json_null();
}

json_t *host_git_state(const char *folder)
{
	const char *const status[] = {
		"git", "-C", folder, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", ".", NULL
	};
	int fd = git_run(status, -1);
	struct buf text = BUF_INIT;
	json_int_t changed = 0, untracked = 0;
	char *save = NULL;

	if (fd < 0)
		return json_null();
	read_all(fd, &text);
	close(fd);
	json_t *state = json_pack("{s:n, s:n}", "branch", "commit");
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *branch = header_value(line, "branch.head"), *commit = header_value(line, "branch.oid");
		if (branch != NULL)
			json_object_set_new(state, "branch", name_or_null(branch));
		else if (commit != NULL)
			json_object_set_new(state, "commit", name_or_null(commit));
		else if (line[0] == '?')
			untracked++;
		else if (line[0] != '#')
			changed++;
	}
	buf_release(&text);
	json_object_set_new(state, "dirty", json_boolean(changed + untracked > 0));
	json_object_set_new(state, "changed", json_integer(changed));
	json_object_set_new(state, "untracked", json_integer(untracked));
	json_object_set_new(state, "diff_sha", changed > 0 ? diff_hash(folder) : json_null());
	return state;
}
