/* run/folders.c: how much room a load may need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "folder.h"
#include "run/folders.h"
#include "scenario_cases.h"

#define SERVER "server: {command: [serve], upload: {path: /up}, download: {path: \"/{id}\"}}\n"
/* Twelve times the least, then each of the eight combinations once: 1 + 2 + 2 + 4 + 3 + 6 + 6 + 12. */
#define ALL_ROUNDS (12 + 36)

static void test_upload_bytes(void **state)
{
	const struct folder *f = *state;
	const struct {
		const char *name, *text; /* %s: a file of 300 bytes */
		uint64_t bytes;
	} rows[] = {
		{ "one", "load: [{size: 100B}]\n", 100 },
		{ "each client and file", "load: [{size: 100B, clients: 3, files: 5}]\n", 1500 },
		{ "the largest of several sizes", "load: [{size: [7B, 100B, 9B], files: 2}]\n", 200 },
		{ "until a time: one each", "load: [{size: 100B, clients: 2, files: 0, duration: 5s}]\n", 200 },
		{ "what the rate lets through", "load: [{size: 1GB, clients: 2, up: 100B/s, duration: 5s, files: 0}]\n",
		  1200 },
		{ "a file", "load: [{file: '%s', clients: 2, files: 2}]\n", 1200 },
		{ "a file that is not there", "load: [{file: '%s.not'}]\n", 0 },
		{ "several groups", "load: [{size: 100B}, {file: '%s'}, {size: 1B, clients: 2}]\n", 402 },
		{ "prepared ones", "prepare: [{size: 100B, files: 2}, {file: '%s'}]\nload: [{kind: download}]\n", 500 },
		{ "two rounds", "rounds: 2\nload: [{size: 100B}]\n", 1300 },
		{ "nine rounds", "rounds: 9\nprepare: [{size: 7B}]\nload: [{size: 100B, clients: 2}]\n",
		  7 + ALL_ROUNDS * 200 },
		{ "a file in rounds: its size does not vary", "rounds: 2\nload: [{file: '%s'}]\n", 13 * 300 },
		{ "more than there are numbers", "load: [{size: 64TiB, clients: 100000, files: 1000000}]\n",
		  UINT64_MAX },
		{ "of which the product begins anew at 0", "load: [{size: 4TiB, files: 4194304}]\n", UINT64_MAX },
		{ "which rounds would begin anew", "rounds: 2\nload: [{size: 1TiB, files: 1398102}]\n", UINT64_MAX },
		{ "of which the sum begins anew",
		  "load: [{size: 8TiB, files: 1048576}, {size: 8TiB, files: 1048576}]\n", UINT64_MAX },
	};
	char path[128], zeros[301] = "";
	snprintf(path, sizeof(path), "%s/file", f->path);
	memset(zeros, '0', 300);
	put(f, "file", zeros);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct scenario s;
		const char *mark = strstr(rows[i].text, "%s");
		char *text = mark == NULL ? xasprintf(SERVER "%s", rows[i].text)
					  : xasprintf(SERVER "%.*s%s%s", (int)(mark - rows[i].text), rows[i].text, path,
						      mark + 2);
		if (mark != NULL && strstr(mark + 2, "%s") != NULL)
			fail_msg("one file a row");
		if (parse(&s, text, &err) != 0)
			fail_msg("%s: %s", rows[i].name, err.message);
		uint64_t got = folders_upload_bytes(&s);
		if (got != rows[i].bytes)
			fail_msg("%s: got %llu, expected %llu", rows[i].name, (unsigned long long)got,
				 (unsigned long long)rows[i].bytes);
		scenario_release(&s);
		free(text);
	}
}

static void test_check_space(void **state)
{
	const struct folder *f = *state;
	const struct folders folders = { .data = (char *)f->path };
	struct error err = ERROR_INIT;
	struct scenario s;
	assert_int_equal(parse(&s, SERVER "load: [{size: 4TiB, files: 4194304}]\n", &err), 0);
	assert_int_equal(folders_check_space(&folders, &s, &err), -1);
	assert_non_null(strstr(err.message, "the load may store"));
	scenario_release(&s);
}

/* What a server may do with its work folder before it ends. */
static void renamed(const char *root, const char *away)
{
	assert_int_equal(rename(root, away), 0);
}

static void replaced_by_link(const char *root, const char *away)
{
	renamed(root, away);
	assert_int_equal(symlink(away, root), 0);
}

static void replaced_by_folder(const char *root, const char *away)
{
	renamed(root, away);
	assert_int_equal(mkdir(root, 0755), 0);
}

static void removed(const char *root, const char *away)
{
	(void)away;
	assert_int_equal(fs_remove_tree(root, NULL), 0);
}

static void test_moved(void **state)
{
	const struct folder *f = *state;
	void (*const ways[])(const char *, const char *) = { renamed, replaced_by_link, replaced_by_folder, removed };
	char *away = xasprintf("%s/away", f->path), *kept = xasprintf("%s/data", away);
	struct scenario s;
	assert_int_equal(parse(&s, SERVER "data_allow_tmpfs: true\nload: [{size: 1B}]\n", NULL), 0);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct error err = ERROR_INIT;
		struct folders folders;
		bool moves = ways[i] != removed;
		assert_int_equal(folders_create(&folders, f->path, "run", &s, &err), 0);
		char *root = xstrdup(folders.root);
		ways[i](root, away);
		assert_int_equal(folders_release(&folders, 0, &err), moves ? -1 : 0);
		assert_int_equal(access(root, F_OK), -1);
		assert_int_equal(access(kept, F_OK), moves ? 0 : -1);
		if (moves && strstr(err.message, away) == NULL)
			fail_msg("way %zu: '%s' does not name '%s'", i, err.message, away);
		assert_int_equal(fs_remove_tree(away, NULL), 0);
		free(root);
	}
	scenario_release(&s);
	free(kept);
	free(away);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_upload_bytes, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_check_space, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_moved, folder_setup, folder_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
