/* report: runs side by side, in columns and in words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/column.h"
#include "report_cases.h"

static void test_side_by_side(void **state)
{
	(void)state;
	struct run_summary runs[] = { crashed_run(), grown_run() };
	check_text(report_side_by_side, runs, 2,
		   "three-uploads-...\n"
		   "                before-any-fix                   all-fixes\n"
		   "--------------------------------------------------------------------------------\n"
		   "verdict         crashed/oom-kill                 grew/page-cache\n"
		   "as expected     ok: yes                          ok: yes\n"
		   "cap             256 MiB                          256 MiB\n"
		   "time to death   0.41 s                           -\n"
		   "usage peak      256 MiB                          256 MiB\n"
		   "anon peak       >= 231 MiB                       20 MiB\n"
		   "shmem peak      0 B                              0 B\n"
		   "unreclaimable   >= 236 MiB                       24 MiB\n"
		   "page cache peak 40 MiB                           240 MiB\n"
		   "cache freed     -                                253 -> 9.10 MiB\n"
		   "ok/failed/cut   0 / 3 / 0                        3 / 0 / 0\n"
		   "read back       -                                1.73 GiB\n"
		   "read back wrong -                                0\n"
		   "load lasted     0.30 s                           7.00 s\n"
		   "\n"
		   "Under the same 256 MiB: before-any-fix was killed by the kernel 0.41 s after its\n"
		   "start with 192 MiB anon; all-fixes filled the page cache up to 256 MiB (anon at\n"
		   "most 20 MiB), gave it back down to 9.10 MiB when asked and lost nothing.\n");
}

/* Repeats of one scenario: counted, and the peak of those that lived kept apart from those cut at the cap. */
static void test_repeats(void **state)
{
	(void)state;
	struct run_summary runs[5];
	for (size_t i = 0; i < COUNT(runs); i++) {
		runs[i] = i % 2 == 0 ? crashed_run() : grown_run();
		runs[i].scenario = "two-uploads-before-any-fix";
		runs[i].server = "chunkserver before-any-fix";
		runs[i].facts.peak_anon_bytes = MIB(i % 2 == 0 ? 231 : 100 + 10 * i);
		runs[i].facts.server_end_ns = i % 2 == 0 ? fact_of((400 + i * 10) * NS_PER_MS) : FACT_NONE;
	}
	check_text(report_side_by_side, runs, COUNT(runs),
		   "                two-uploads-before-any-fix (5 runs)\n"
		   "------------------------------------------------------\n"
		   "verdict         crashed/oom-kill 3 of 5,\n"
		   "                grew/page-cache 2 of 5\n"
		   "as expected     ok: 5 of 5\n"
		   "crash rate      60 % (23-88 %)\n"
		   "cap             256 MiB\n"
		   "time to death   0.40-0.44 s\n"
		   "median          0.42 s\n"
		   "usage peak      256 MiB\n"
		   "anon peak       110-130 MiB in the 2 that lived\n"
		   "shmem peak      0 B in the 2 that lived\n"
		   "unreclaimable   24 MiB in the 2 that lived\n"
		   "page cache peak 40-240 MiB\n"
		   "cache freed     253 -> 9.10 MiB\n"
		   "ok/failed/cut   6 / 9 / 0\n"
		   "read back       3.45 GiB\n"
		   "read back wrong 0\n"
		   "load lasted     0.30-7.00 s\n"
		   "\n"
		   "Under 256 MiB: two-uploads-before-any-fix ended differently from run to run\n"
		   "(crashed/oom-kill in 3 of 5, grew/page-cache in 2 of 5): the crashes came\n"
		   "0.40-0.44 s after the start, the others took at most 130 MiB anon.\n");
	check_contains(report_side_by_side, runs, COUNT(runs), "231", false);
}

static void test_invalid_runs_count_for_nothing(void **state)
{
	(void)state;
	struct run_summary runs[] = { grown_run(), grown_run() };
	runs[1].outcome = OUTCOME_INVALID;
	runs[1].cause = "";
	runs[1].facts.peak_anon_bytes = MIB(77);
	runs[1].facts.peak_usage_bytes = MIB(77);
	runs[1].facts.load_ns = fact_of(77 * NS_PER_S);
	check_contains(report_side_by_side, runs, 2, "grew/page-cache 1 of 2, invalid", true);
	check_contains(report_side_by_side, runs, 2, "77", false);
}

/* What proves nothing does not make the others disagree. */
static void test_runs_that_prove_nothing(void **state)
{
	(void)state;
	setenv("COLUMNS", "160", 1);
	static const enum outcome outcomes[] = { OUTCOME_INTERRUPTED, OUTCOME_INVALID, OUTCOME_SKIPPED };
	struct run_summary runs[] = { grown_run(), grown_run(), grown_run() };
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		runs[2].outcome = outcomes[i];
		runs[2].cause = "";
		check_contains(report_side_by_side, runs, 3, "ended differently", false);
		check_contains(report_side_by_side, runs, 3,
			       "in 2 of 2 runs that prove something (1 more proves nothing)", true);
	}
	runs[1].outcome = OUTCOME_INVALID;
	runs[1].cause = "";
	check_contains(report_side_by_side, runs, 3, "in 1 of 1 run that proves something (2 more prove nothing)",
		       true);
	runs[0].outcome = OUTCOME_INTERRUPTED;
	runs[0].cause = "";
	runs[1] = runs[2] = runs[0];
	check_contains(report_side_by_side, runs, 3, "in 3 of 3 runs", true);
	runs[1].outcome = OUTCOME_INVALID;
	check_contains(report_side_by_side, runs, 3, "ended differently", false);
	check_contains(report_side_by_side, runs, 3,
		       "proved nothing in any of 3 runs (interrupted in 2 of 3, invalid in 1", true);
	runs[0] = crashed_run();
	runs[0].scenario = runs[1].scenario;
	runs[0].server = runs[1].server;
	runs[2] = runs[1];
	check_contains(report_side_by_side, runs, 3, "was killed by the kernel in 1 of 1 run that proves something",
		       true);
	setenv("COLUMNS", "80", 1);
}

/* A figure in brackets follows without a comma, and every bracket is closed. */
static void test_figures_in_a_sentence(void **state)
{
	(void)state;
	setenv("COLUMNS", "160", 1);
	struct run_summary runs[] = { grown_run(), grown_run() };
	for (size_t i = 0; i < COUNT(runs); i++)
		runs[i].cause = "peak";
	check_contains(report_side_by_side, runs, 2, "in 2 of 2 runs (unreclaimable at most", true);
	for (size_t i = 0; i < COUNT(runs); i++) {
		runs[i].facts.peak_unreclaimable_bytes = FACT_NONE;
		runs[i].facts.settled_unreclaimable_bytes = MIB(7);
	}
	check_contains(report_side_by_side, runs, 2, "in 2 of 2 runs (unreclaimable 7 MiB after the load)", true);
	for (size_t i = 0; i < COUNT(runs); i++) {
		runs[i].facts.peak_unreclaimable_bytes = MIB(9);
		runs[i].facts.settled_unreclaimable_bytes = FACT_BROKEN;
	}
	check_contains(report_side_by_side, runs, 2, "in 2 of 2 runs (unreclaimable at most 9 MiB)", true);
	for (size_t i = 0; i < COUNT(runs); i++)
		runs[i].facts.peak_unreclaimable_bytes = FACT_BROKEN;
	check_contains(report_side_by_side, runs, 2, "(unreclaimable", false);
	for (size_t i = 0; i < COUNT(runs); i++) {
		runs[i].cause = "page-cache";
		runs[i].facts.peak_usage_bytes = FACT_NONE;
	}
	check_contains(report_side_by_side, runs, 2, "in 2 of 2 runs (anon at most", true);
	for (size_t i = 0; i < COUNT(runs); i++)
		runs[i].facts.peak_anon_bytes = FACT_NONE;
	check_contains(report_side_by_side, runs, 2, "in 2 of 2 runs, gave it back", true);
	setenv("COLUMNS", "80", 1);
}

/* "lost nothing" is said only when all that was acknowledged was compared and right. */
static void test_lost_nothing(void **state)
{
	(void)state;
	const struct {
		const char *what;
		struct fact acknowledged, verified, corrupt, failed;
		bool said;
	} rows[] = {
		{ "all of it compared", fact_of(100), fact_of(100), fact_of(0), fact_of(0), true },
		{ "half of it compared", fact_of(100), fact_of(50), fact_of(0), fact_of(0), false },
		{ "nothing compared", fact_of(100), fact_of(0), fact_of(0), fact_of(0), false },
		{ "nobody knows", fact_of(100), FACT_NONE, FACT_NONE, fact_of(0), false },
		{ "errors not counted", fact_of(100), fact_of(100), FACT_NONE, fact_of(0), false },
		{ "one was wrong", fact_of(100), fact_of(100), fact_of(1), fact_of(0), false },
		{ "one failed", fact_of(100), fact_of(100), fact_of(0), fact_of(1), false },
		{ "failures unreadable", fact_of(100), fact_of(100), fact_of(0), FACT_BROKEN, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run_summary r = grown_run();
		r.facts.acknowledged_bytes = rows[i].acknowledged;
		r.facts.verified_bytes = rows[i].verified;
		r.facts.corrupt = rows[i].corrupt;
		r.facts.requests_failed = rows[i].failed;
		print_message("  %s\n", rows[i].what);
		check_contains(report_side_by_side, &r, 1, "lost nothing", rows[i].said);
	}
}

static void test_same_load_is_compared(void **state)
{
	(void)state;
	struct run_summary runs[] = { crashed_run(), grown_run() };
	json_t *load = json_pack("[{s:i}]", "clients", 3), *other = json_pack("[{s:i}]", "clients", 2);
	json_t *copy = json_pack("[{s:i, s:b}]", "clients", 3, "read_back", 1);
	const struct {
		const json_t *a, *b;
		bool same;
	} rows[] = { { load, copy, true }, { load, other, false }, { load, NULL, false }, { NULL, NULL, false } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		runs[0].load = rows[i].a;
		runs[1].load = rows[i].b;
		check_contains(report_side_by_side, runs, 2, "Same load, same 256 MiB: ", rows[i].same);
	}
	json_decref(load);
	json_decref(copy);
	json_decref(other);
}

static void test_column_labels(void **state)
{
	(void)state;
	struct run_summary runs[] = { crashed_run(), crashed_run(), crashed_run() };
	const struct {
		const char *scenario[3];
		char *server[3];
		double mib[3];
		const char *common, *labels[3];
	} rows[] = {
		{ { "a-b-one", "a-b-two", "a-c" }, { "s", "s", "s" }, { 1, 1, 1 }, "a-", { "b-one", "b-two", "c" } },
		{ { "same", "same", "same" }, { "s", "s", "s" }, { 1, 2, 3 }, "same", { "1 MiB", "2 MiB", "3 MiB" } },
		{ { "same", "same", "other" }, { "s", "t", "s" }, { 1, 1, 1 }, "", { "same, s", "same, t", "other" } },
		{ { "upload", "uploads", "up" }, { "s", "s", "s" }, { 1, 1, 1 }, "", { "upload", "uploads", "up" } },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < 3; k++) {
			runs[k].scenario = rows[i].scenario[k];
			runs[k].server = rows[i].server[k];
			runs[k].memory_bytes = MIB(rows[i].mib[k]);
		}
		size_t count;
		char *common;
		struct column *columns = columns_new(runs, 3, &count, &common);
		assert_int_equal(count, 3);
		assert_string_equal(common, rows[i].common);
		for (size_t k = 0; k < 3; k++)
			assert_string_equal(columns[k].label, rows[i].labels[k]);
		free(common);
		columns_free(columns, count);
	}
}

static void test_nothing_is_wider_than_the_terminal(void **state)
{
	(void)state;
	const char *widths[] = { "40", "61", "80", "132" };
	struct run_summary runs[] = { crashed_run(), grown_run(), crashed_run(), grown_run(), grown_run() };
	runs[2].scenario = "three-uploads-form-limit-only";
	runs[3].memory_bytes = MIB(128);
	runs[4].scenario = "three-uploads-release";
	runs[0].folder = runs[1].folder = "results/x"; /* a path is never broken */
	for (size_t i = 0; i < COUNT(widths); i++) {
		setenv("COLUMNS", widths[i], 1);
		char *text = written(report_side_by_side, runs, COUNT(runs));
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			if (text_columns(line) > atoi(widths[i]))
				fail_msg("at %s columns: \"%s\"", widths[i], line);
		free(text);
	}
	setenv("COLUMNS", "80", 1);
}

int main(void)
{
	setenv("COLUMNS", "80", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_invalid_runs_count_for_nothing),
		cmocka_unit_test(test_runs_that_prove_nothing),
		cmocka_unit_test(test_figures_in_a_sentence),
		cmocka_unit_test(test_lost_nothing),
		cmocka_unit_test(test_same_load_is_compared),
		cmocka_unit_test(test_column_labels),
		cmocka_unit_test(test_nothing_is_wider_than_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
