/*
 * test_report - one run as people and programs read it: golden texts without
 * colour, in ASCII, 80 columns wide, and the JSON read back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/formats.h"
#include "report_cases.h"

static void write_run(FILE *out, const struct run_summary *runs, size_t count)
{
	assert_int_equal(count, 1);
	report_run(out, runs);
}

static void test_crashed_run(void **state)
{
	(void)state;
	struct run_summary r = crashed_run();
	check_text(write_run, &r, 1,
		   "CRASHED  oom-kill   ok: as expected\n"
		   "three-uploads-before-any-fix | chunkserver before-any-fix | 256 MiB\n"
		   "Do three uploads at once kill a server that keeps forms in RAM?\n"
		   "\n"
		   "Evidence\n"
		   "  - the group's own oom_kill counter rose by 1\n"
		   "  - the kernel's record: \"Memory cgroup out of memory: Killed process 515\n"
		   "    (chunkserver) total-vm:612344kB, anon-rss:236800kB\"\n"
		   "\n"
		   "Memory when it died, 0.41 s after it started: 256 MiB charged, cap 256 MiB\n"
		   "  [#########################################################KKKKK=========+++++]\n"
		   "  # anon 192 MiB  K kernel 16 MiB  = page cache 32 MiB  + other 16 MiB\n"
		   "\n"
		   "Memory           before load     highest    at death\n"
		   "  usage             3.50 MiB     256 MiB     256 MiB\n"
		   "  anon                 1 MiB     231 MiB     192 MiB\n"
		   "  shmem                    -         0 B         0 B\n"
		   "  kernel                   -           -      16 MiB\n"
		   "  unreclaimable            -     236 MiB           -\n"
		   "  page cache               -      40 MiB      32 MiB\n"
		   "\n"
		   "Requests        3 started, 0 ok, 3 failed, 0 cut\n"
		   "                first failure: connection reset\n"
		   "                297 MiB sent, ? received, 0 B acknowledged in 0 objects\n"
		   "Read back       nothing: no byte of what was stored was compared\n"
		   "At its end      3 requests in flight with 297 MiB sent, 0 B acknowledged before\n"
		   "Load            lasted 0.30 s\n"
		   "Server          ready after 45 ms, gone after 0.41 s\n"
		   "Observed        44 samples, longest gap 12 ms, 0 dropped\n"
		   "\n"
		   "CRASHED  oom-kill   ok: as expected\n"
		   "Record  results/20261121-114439-three-uploads-before-any-fix-1f3a\n");
}

static void test_grown_run(void **state)
{
	(void)state;
	struct run_summary r = grown_run();
	check_text(write_run, &r, 1,
		   "GREW  page-cache   ok: as expected\n"
		   "three-uploads-all-fixes | chunkserver all-fixes | 256 MiB\n"
		   "\n"
		   "Evidence\n"
		   "  - asked back, the charge fell from 253 MiB to 9.10 MiB\n"
		   "\n"
		   "Memory at its highest: 256 MiB charged, cap 256 MiB\n"
		   "  [######K=====================================================================]\n"
		   "  # anon 20 MiB  K kernel 4 MiB  = page cache 240 MiB\n"
		   "  each kind at its own highest moment: together they may exceed the charge\n"
		   "\n"
		   "Memory               highest  after load cache freed\n"
		   "  usage              256 MiB     253 MiB    9.10 MiB\n"
		   "  anon                20 MiB           -           -\n"
		   "  shmem                  0 B           -           -\n"
		   "  kernel                   -           -           -\n"
		   "  unreclaimable       24 MiB           -           -\n"
		   "  page cache         240 MiB           -           -\n"
		   "\n"
		   "Requests        3 started, 3 ok, 0 failed, 0 cut\n"
		   "                - sent, - received, 1.73 GiB acknowledged in - objects\n"
		   "Read back       1.73 GiB compared byte by byte, 0 wrong\n"
		   "Load            lasted 7.00 s\n"
		   "Server          ready after 40 ms, lived until we stopped it\n"
		   "Observed        - samples, longest gap -, - dropped\n"
		   "\n"
		   "GREW  page-cache   ok: as expected\n"
		   "Record  20261121-114512-three-uploads-all-fixes-77b0\n");
}

static void write_line(FILE *out, const struct run_summary *runs, size_t count)
{
	assert_int_equal(count, 1);
	report_line(out, runs, NULL);
	report_line(out, runs, "3 min ago");
}

static void test_line(void **state)
{
	(void)state;
	struct run_summary r = crashed_run();
	check_text(write_line, &r, 1,
		   "crashed/oom-kill      ok: anon 231 MiB\n"
		   "    20261121-114439-three-uploads-before-any-fix-1f3a\n"
		   "crashed/oom-kill      ok: 3 min ago\n"
		   "    20261121-114439-three-uploads-before-any-fix-1f3a\n");
	r.as_expected = false;
	check_contains(write_line, &r, 1, "crashed/oom-kill      !!  anon", true);
	const char *surprise = "expected peak_wal_bytes > 1MiB, got absent";
	check_contains(write_run, &r, 1, surprise, false);
	r.surprises = &surprise;
	r.surprise_count = 1;
	check_contains(write_run, &r, 1, surprise, true);
	r.outcome = OUTCOME_INVALID;
	r.cause = "";
	check_contains(write_line, &r, 1, "invalid                   anon", true);
}

/* What a headline says, and what must be loud whatever the verdict. */
static void test_headlines(void **state)
{
	(void)state;
	const struct {
		enum outcome outcome;
		const char *cause;
		enum record_state run_state;
		bool as_expected;
		const char *rig_error;
		uint64_t corrupt;
		const char *expected;
	} rows[] = {
		{ OUTCOME_CRASHED, "oom-kill", RECORD_FINISHED, true, "", 0, "CRASHED  oom-kill   ok: as expected\n" },
		{ OUTCOME_STEADY, "", RECORD_FINISHED, false, "", 0, "STEADY   !! expected crashed/oom-kill\n" },
		{ OUTCOME_INVALID, "", RECORD_RUNNING, false, "", 0,
		  "UNFINISHED   proves nothing; expected crashed/oom-kill\n" },
		{ OUTCOME_INVALID, "", RECORD_FINISHED, false, "cap not in force", 0,
		  "\nthe rig failed: cap not in force\n" },
		{ OUTCOME_GREW, "page-cache", RECORD_FINISHED, true, "", 2,
		  "\n DATA LOSS  2 transfers did not return the bytes that were stored\n  GET /-x: empty\n" },
		{ OUTCOME_CRASHED, "oom-kill", RECORD_FINISHED, true, "", 1, "Read back       - right, 1 WRONG\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run_summary r = crashed_run();
		r.outcome = rows[i].outcome;
		r.cause = rows[i].cause;
		r.state = rows[i].run_state;
		r.as_expected = rows[i].as_expected;
		strcpy(r.facts.rig_error, rows[i].rig_error);
		strcpy(r.facts.first_corrupt, "GET /-x: empty");
		r.facts.corrupt = fact_of(rows[i].corrupt);
		check_contains(write_run, &r, 1, rows[i].expected, true);
	}
}

static void test_json(void **state)
{
	(void)state;
	struct run_summary runs[] = { crashed_run(), grown_run() };
	runs[1].cause = "";
	runs[1].memory_bytes = FACT_NONE;
	runs[1].facts.peak_anon_bytes = FACT_BROKEN;
	runs[1].expected_count = 0;
	const char *surprise = "expected peak_wal_bytes > 1MiB, got absent";
	runs[1].surprises = &surprise;
	runs[1].surprise_count = 1;
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct damaged_run bad_run = { .folder = "results/7", .file = "run.json", .why = "cut" };
	struct run_list list = { .summaries = runs, .count = 2, .damaged = &bad_run, .damaged_count = 1 };
	const struct exporter *exporter = exporter_find("json", &err);
	assert_non_null(exporter);
	assert_int_equal(exporter->write(out, &list, &err), 0);
	fclose(out);

	json_error_t bad;
	json_t *got = json_loads(text, JSON_REJECT_DUPLICATES, &bad);
	if (got == NULL)
		fail_msg("%s in: %s", bad.text, text);
	json_t *expected = json_pack(
		"{s:i, s:[{s:s,s:s,s:s,s:s,s:[s],s:b,s:[],s:I,s:{s:I,s:I,s:I,s:I},s:{s:i,s:i,s:n,s:n},s:[s,s]},"
		"{s:s,s:s,s:s,s:n,s:[],s:b,s:[s],s:n,s:{s:I,s:{s:s},s:I,s:I},s:{s:i,s:i,s:I,s:i},s:[s]}]}",
		"schema", 1, "runs", "id", runs[0].id, "scenario", runs[0].scenario, "outcome", "crashed", "cause",
		"oom-kill", "expected", "crashed/oom-kill", "as_expected", 1, "surprises", "memory_bytes",
		(json_int_t)256 << 20, "peak", "usage_bytes", (json_int_t)256 << 20, "anon_bytes",
		(json_int_t)231 << 20, "file_bytes", (json_int_t)40 << 20, "unreclaimable_bytes", (json_int_t)236 << 20,
		"requests", "ok", 0, "failed", 3, "verified_bytes", "corrupt", "evidence", crash_evidence[0],
		crash_evidence[1],
		/* the second */
		"id", runs[1].id, "scenario", runs[1].scenario, "outcome", "grew", "cause", "expected", "as_expected",
		1, "surprises", surprise, "memory_bytes", "peak", "usage_bytes", (json_int_t)256 << 20, "anon_bytes",
		"state", "unreadable", "file_bytes", (json_int_t)240 << 20, "unreclaimable_bytes", (json_int_t)24 << 20,
		"requests", "ok", 3, "failed", 0, "verified_bytes", (json_int_t)1854000000, "corrupt", 0, "evidence",
		grew_evidence[0]);
	assert_non_null(expected);
	json_object_set_new(expected, "damaged",
			    json_pack("[{s:s, s:s, s:s}]", "folder", "results/7", "file", "run.json", "error", "cut"));
	assert_int_equal(json_array_size(json_object_get(got, "summary")), 2); /* test_repeats.c reads it */
	json_object_del(got, "summary");
	if (!json_equal(got, expected)) {
		char *e = json_dumps(expected, JSON_INDENT(2));
		fail_msg("got:\n%s\nexpected:\n%s", text, e);
	}
	json_decref(got);
	json_decref(expected);
	free(text);
}

static void test_full_disk_is_an_error(void **state)
{
	(void)state;
	struct run_summary r = crashed_run();
	struct run_list list = { .summaries = &r, .count = 1 };
	for (size_t i = 0; exporters[i] != NULL; i++) {
		struct error err = ERROR_INIT;
		if (strcmp(exporters[i]->name, "html") == 0)
			continue; /* it reads stored runs; formats.bats fills its disk */
		FILE *full = fopen("/dev/full", "w");
		assert_non_null(full);
		if (exporters[i]->write(full, &list, &err) == 0)
			fail_msg("'%s' wrote to a full disk and saw nothing", exporters[i]->name);
		assert_int_equal(err.code, ERROR_SYSTEM);
		fclose(full);
	}
}

static void test_exporter_names(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	assert_null(exporter_find("jsno", &err));
	assert_int_equal(err.code, ERROR_USAGE);
	assert_non_null(strstr(err.message, "did you mean 'json'?"));
}

int main(void)
{
	setenv("COLUMNS", "80", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crashed_run),    cmocka_unit_test(test_grown_run),
		cmocka_unit_test(test_line),	       cmocka_unit_test(test_headlines),
		cmocka_unit_test(test_json),	       cmocka_unit_test(test_full_disk_is_an_error),
		cmocka_unit_test(test_exporter_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
