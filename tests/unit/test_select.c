/* select: which stored runs a word means, for every command the same; none is counted twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "folder.h"
#include "base/macros.h"
#include "record/select.h"

static const struct stored {
	const char *id, *scenario, *label, *branch, *commit;
} stored[] = {
	{ "20261121-114439.120-three-uploads-1f3a", "three-uploads", "before", "main", "aaaaaaaaaa11" },
	{ "20261121-114501.007-three-uploads-77aa", "three-uploads", "after", "fix", "bbbbbbbbbb22" },
	{ "20261121-114620.500-seek-0b0b", "seek", "", "main", "aaaaaaaaaa11" },
	{ "20261122-090000.000-seek-c0de", "seek", "fix", "main", "cccccccccc33" },
	{ "20261130-120000.000-two-uploads-d00d", "two-uploads", "after", "fix", "dddddddddd44" },
};

static void put_run(const struct folder *f, const struct stored *r)
{
	char *name = xasprintf("%s/run.json", r->id);
	char *text = xasprintf("{\"schema\":1,\"id\":\"%s\",\"label\":\"%s\",\"state\":\"finished\",\"scenario\":"
			       "{\"name\":\"%s\",\"memory\":1048576,\"expect\":[]},\"facts\":{},\"server_source\":"
			       "{\"branch\":\"%s\",\"commit\":\"%s\"},\"verdict\":"
			       "{\"outcome\":\"steady\",\"cause\":\"\",\"expected\":[],\"evidence\":[\"x\"]}}",
			       r->id, r->label, r->scenario, r->branch, r->commit);
	assert_int_equal(mkdirat(f->fd, r->id, 0755), 0);
	put(f, name, text);
	free(name);
	free(text);
}

static int put_all(void **state)
{
	int rc = folder_setup(state);
	for (size_t i = 0; rc == 0 && i < COUNT(stored); i++)
		put_run(*state, &stored[i]);
	return rc;
}

/* "0 2" for the first and the third of stored[]. */
static char *numbers(const struct run_list *list)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < COUNT(stored); k++)
			if (strcmp(list->summaries[i].id, stored[k].id) == 0)
				buf_addf(&b, "%s%zu", b.len > 0 ? " " : "", k);
	return buf_detach(&b);
}

static void test_words(void **state)
{
	const struct folder *f = *state;
	static const struct {
		const char *word;
		struct select_filter filter;
		const char *runs; /* NULL: an error */
		const char *error;
	} rows[] = {
		{ "last", { 0 }, "4", NULL },
		{ "20261121-114439.120-three-uploads-1f3a", { 0 }, "0", NULL },
		{ "1f3a", { 0 }, "0", NULL },
		{ "20261121", { 0 }, "0 1 2", NULL },
		{ "before", { 0 }, "0", NULL },
		{ "after", { 0 }, "1 4", NULL },
		{ "main", { 0 }, "0 2 3", NULL },
		{ "aaaaaaa", { 0 }, "0 2", NULL },
		{ "cccccccccc33", { 0 }, "3", NULL },
		{ "seek", { 0 }, "2 3", NULL },
		{ "three-uploads", { 0 }, "0 1", NULL },
		{ "label:fix", { 0 }, "3", NULL },
		{ "branch:fix", { 0 }, "1 4", NULL },
		{ "commit:aaaaaaaaaa", { 0 }, "0 2", NULL },
		{ "scenario:seek", { 0 }, "2 3", NULL },
		{ "last", { .scenario = "seek" }, "3", NULL },
		{ "main", { .scenario = "seek" }, "2 3", NULL },
		{ "main", { .limit = 2 }, "2 3", NULL },
		{ "main", { .limit = 1, .scenario = "three-uploads" }, "0", NULL },
		{ "20261121", { .limit = 1 }, "2", NULL },
		{ "main", { .since = "20261122-000000" }, "3", NULL },
		{ "last", { .since = "20261201-000000" }, NULL, "no run fits 'last'" },
		/* errors */
		{ "fix",
		  { 0 },
		  NULL,
		  "'fix' is a label and a branch, of other runs: type 'label:fix' or 'branch:fix'" },
		{ "uploads",
		  { 0 },
		  NULL,
		  "'uploads' is in the ids of 3 runs: 20261130-120000.000-two-uploads-d00d, 2026" },
		{ "aaaaaa", { 0 }, NULL, "'aaaaaa' is no label, branch, commit" },
		{ "befor", { 0 }, NULL, "did you mean 'before'?" },
		{ "three-uplods", { 0 }, NULL, "did you mean 'three-uploads'?" },
		{ "zzzzzzzzzzzzz", { 0 }, NULL, "the last run is '20261130-120000.000-two-uploads-d00d'" },
		{ "label:none", { 0 }, NULL, "'label:none' is no label" },
		{ "", { 0 }, NULL, "is empty" },
		{ "/nonexistent/run", { 0 }, NULL, "'/nonexistent/run' is no folder of runs" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct run_list list = { 0 };
		int rc = select_runs(&list, f->path, rows[i].word, &rows[i].filter, &err);
		char *got = numbers(&list);
		if ((rc == 0) != (rows[i].runs != NULL) || (rc == 0 && strcmp(got, rows[i].runs) != 0) ||
		    (rc != 0 && (strstr(err.message, rows[i].error) == NULL || err.code != ERROR_USAGE)))
			fail_msg("row %zu, '%s': got '%s' (%s), expected '%s'", i, rows[i].word, got, err.message,
				 rows[i].runs ? rows[i].runs : rows[i].error);
		free(got);
		run_list_release(&list);
	}
}

static void test_a_run_named_twice_counts_once(void **state)
{
	const struct folder *f = *state;
	const struct select_filter all = { 0 };
	struct error err = ERROR_INIT;
	struct run_list list = { 0 };
	char *folder = xasprintf("%s/%s", f->path, stored[0].id);
	const char *const words[] = { "before", "1f3a", folder, "20261121-114439", f->path, "last" };
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(select_runs(&list, f->path, words[i], &all, &err), 0);
		assert_int_equal(list.count, i < 4 ? 1 : COUNT(stored));
	}
	run_list_release(&list);
	free(folder);
}

/* It is no candidate for a word, but its id finds it, and says what is wrong. */
static void test_a_damaged_record_is_found_by_its_id(void **state)
{
	const struct folder *f = *state;
	const struct select_filter all = { 0 };
	struct error err = ERROR_INIT;
	struct run_list list = { 0 };
	assert_int_equal(mkdirat(f->fd, "20261129-120000.000-seek-dead", 0755), 0);
	put(f, "20261129-120000.000-seek-dead/run.json", "{\"schema\":1,");
	assert_int_equal(select_runs(&list, f->path, "seek", &all, &err), 0);
	assert_int_equal(list.count, 2);
	run_list_release(&list);
	assert_int_equal(select_runs(&list, f->path, "seek-dead", &all, &err), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.damaged_count, 1);
	assert_non_null(strstr(list.damaged[0].why, "run.json:1:"));
	run_list_release(&list);
}

static void test_an_empty_folder(void **state)
{
	const struct folder *f = *state;
	const struct select_filter all = { 0 };
	static const char *const words[] = { "last", "x" };
	for (size_t i = 0; i < COUNT(words); i++) {
		struct error err = ERROR_INIT;
		struct run_list list = { 0 };
		assert_int_equal(select_runs(&list, f->path, words[i], &all, &err), -1);
		if (strstr(err.message, "holds none") == NULL || strstr(err.message, "did you mean") != NULL)
			fail_msg("'%s': %s", words[i], err.message);
	}
}

static void test_since(void **state)
{
	(void)state;
	const uint64_t now = 1795953600ULL * 1000000000ULL; /* 2026-11-29T12:00:00Z */
	static const struct {
		const char *text, *since; /* NULL: an error */
	} rows[] = {
		{ "2026-11-30", "20261130-000000" },
		{ "2026-11-30T12:30", "20261130-123000" },
		{ "2026-11-30T12:30:05Z", "20261130-123005" },
		{ "12h", "20261129-000000" },
		{ "7d", "20261122-120000" },
		{ "2w", "20261115-120000" },
		{ "90min", "20261129-103000" },
		{ "yesterday", NULL },
		{ "", NULL },
		{ "2026-13-40", NULL },
		{ "7x", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		char got[24] = "";
		int rc = select_parse_since(rows[i].text, now, got, &err);
		if ((rc == 0) != (rows[i].since != NULL) || (rc == 0 && strcmp(got, rows[i].since) != 0))
			fail_msg("'%s': got '%s' (%s), expected '%s'", rows[i].text, got, err.message,
				 rows[i].since ? rows[i].since : "an error");
		if (rc != 0)
			assert_non_null(strstr(err.message, "12h, 7d or 2w"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, put_all, folder_teardown),
		cmocka_unit_test_setup_teardown(test_a_run_named_twice_counts_once, put_all, folder_teardown),
		cmocka_unit_test_setup_teardown(test_a_damaged_record_is_found_by_its_id, put_all, folder_teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_folder, folder_setup, folder_teardown),
		cmocka_unit_test(test_since),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
