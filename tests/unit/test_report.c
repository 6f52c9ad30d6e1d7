/*
 * test_report - what people and programs read: golden texts without colour, in
 * ASCII, 80 columns wide, and the JSON read back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/column.h"
#include "report/report.h"

#define MIB(n) fact_of((uint64_t)((n) * 1048576.0))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *crash_expected[] = { "crashed/oom-kill" };
static const char *crash_evidence[] = {
	"the group's own oom_kill counter rose by 1",
	"the kernel's record: \"Memory cgroup out of memory: Killed process 515 (chunkserver) total-vm:612344kB, "
	"anon-rss:236800kB\"",
};
static const char *grew_expected[] = { "grew/page-cache", "steady" };
static const char *grew_evidence[] = { "asked back, the charge fell from 253 MiB to 9.10 MiB" };

static struct run_summary crashed_run(void)
{
	struct run_summary r = {
		.id = "20261121-114439-three-uploads-before-any-fix-1f3a",
		.scenario = "three-uploads-before-any-fix",
		.question = "Do three uploads at once kill a server that keeps forms in RAM?",
		.state = "finished",
		.folder = "results/20261121-114439-three-uploads-before-any-fix-1f3a",
		.outcome = "crashed",
		.cause = "oom-kill",
		.expected = crash_expected,
		.expected_count = 1,
		.as_expected = true,
		.evidence = crash_evidence,
		.evidence_count = COUNT(crash_evidence),
		.memory_bytes = MIB(256),
		.server = "chunkserver before-any-fix",
	};
	struct facts *f = &r.facts;
	f->cap_in_force_bytes = MIB(256);
	f->server_ready_ns = fact_of(45 * NS_PER_MS);
	f->server_end_ns = fact_of(410 * NS_PER_MS);
	f->baseline_usage_bytes = MIB(3.5);
	f->baseline_anon_bytes = MIB(1);
	f->peak_usage_bytes = MIB(256);
	f->peak_anon_bytes = MIB(231);
	f->peak_file_bytes = MIB(40);
	f->peak_shmem_bytes = MIB(0);
	f->peak_unreclaimable_bytes = MIB(236);
	f->death_usage_bytes = MIB(256);
	f->death_anon_bytes = MIB(192);
	f->death_shmem_bytes = MIB(0);
	f->death_kernel_bytes = MIB(16);
	f->death_file_bytes = MIB(32);
	f->death_in_flight = fact_of(3);
	f->death_sent_in_flight_bytes = MIB(297);
	f->death_acknowledged_bytes = fact_of(0);
	f->requests_started = fact_of(3);
	f->requests_ok = fact_of(0);
	f->requests_failed = fact_of(3);
	f->requests_cut = fact_of(0);
	f->sent_bytes = MIB(297);
	f->received_bytes = FACT_BROKEN;
	f->acknowledged_bytes = fact_of(0);
	f->acknowledged_objects = fact_of(0);
	f->load_ns = fact_of(300 * NS_PER_MS);
	f->samples = fact_of(44);
	f->samples_dropped = fact_of(0);
	f->sample_gap_max_ns = fact_of(12 * NS_PER_MS);
	strcpy(f->first_failure, "connection reset");
	return r;
}

static struct run_summary grown_run(void)
{
	struct run_summary r = {
		.id = "20261121-114512-three-uploads-all-fixes-77b0",
		.scenario = "three-uploads-all-fixes",
		.state = "finished",
		.outcome = "grew",
		.cause = "page-cache",
		.expected = grew_expected,
		.expected_count = 2,
		.as_expected = true,
		.evidence = grew_evidence,
		.evidence_count = COUNT(grew_evidence),
		.memory_bytes = MIB(256),
		.server = "chunkserver all-fixes",
	};
	struct facts *f = &r.facts;
	f->cap_in_force_bytes = MIB(256);
	f->our_signal_ns = fact_of(9 * NS_PER_S);
	f->server_end_ns = fact_of(9 * NS_PER_S + 1);
	f->server_ready_ns = fact_of(40 * NS_PER_MS);
	f->peak_usage_bytes = MIB(256);
	f->peak_anon_bytes = MIB(20);
	f->peak_file_bytes = MIB(240);
	f->peak_shmem_bytes = MIB(0);
	f->peak_unreclaimable_bytes = MIB(24);
	f->settled_usage_bytes = MIB(253);
	f->squeezed_usage_bytes = MIB(9.1);
	f->requests_started = fact_of(3);
	f->requests_ok = fact_of(3);
	f->requests_failed = fact_of(0);
	f->requests_cut = fact_of(0);
	f->acknowledged_bytes = fact_of(1854000000);
	f->verified_bytes = fact_of(1854000000);
	f->corrupt = fact_of(0);
	f->load_ns = fact_of(7 * NS_PER_S);
	return r;
}

/* What a report writes; heap. */
static char *written(void (*write)(FILE *out, const struct run_summary *runs, size_t count),
		     const struct run_summary *runs, size_t count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	write(out, runs, count);
	fclose(out);
	return text;
}

static void write_run(FILE *out, const struct run_summary *runs, size_t count)
{
	assert_int_equal(count, 1);
	report_run(out, runs);
}

static void check_text(void (*write)(FILE *out, const struct run_summary *runs, size_t count),
		       const struct run_summary *runs, size_t count, const char *expected)
{
	char *got = written(write, runs, count);
	if (strcmp(got, expected) != 0)
		fprintf(stderr, "---- got\n%s---- expected\n%s----\n", got, expected);
	assert_string_equal(got, expected);
	free(got);
}

static void check_contains(void (*write)(FILE *out, const struct run_summary *runs, size_t count),
			   const struct run_summary *runs, size_t count, const char *expected, bool there)
{
	char *got = written(write, runs, count);
	if ((strstr(got, expected) != NULL) != there)
		fail_msg("got:\n%s\nexpected %s: \"%s\"", got, there ? "in it" : "not in it", expected);
	free(got);
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
		   "Record          results/20261121-114439-three-uploads-before-any-fix-1f3a\n");
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
		   "Memory               highest  after load  asked back\n"
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
		   "Record          20261121-114512-three-uploads-all-fixes-77b0\n");
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
		   "crashed/oom-kill      ok: anon 231 MiB    20261121-114439-three-uploads-before-any-fix-1f3a\n"
		   "crashed/oom-kill      ok: 3 min ago     20261121-114439-three-uploads-before-any-fix-1f3a\n");
	r.as_expected = false;
	check_contains(write_line, &r, 1, "crashed/oom-kill      !!  anon", true);
	const char *surprise = "expected peak_wal_bytes > 1MiB, got absent";
	check_contains(write_run, &r, 1, surprise, false);
	r.surprises = &surprise;
	r.surprise_count = 1;
	check_contains(write_run, &r, 1, surprise, true);
	r.outcome = "invalid";
	r.cause = "";
	check_contains(write_line, &r, 1, "invalid                   anon", true);
}

/* What a headline says, and what must be loud whatever the verdict. */
static void test_headlines(void **state)
{
	(void)state;
	const struct {
		const char *outcome, *cause, *run_state;
		bool as_expected;
		const char *rig_error;
		uint64_t corrupt;
		const char *expected;
	} rows[] = {
		{ "crashed", "oom-kill", "finished", true, "", 0, "CRASHED  oom-kill   ok: as expected\n" },
		{ "steady", "", "finished", false, "", 0, "STEADY   !! expected crashed/oom-kill\n" },
		{ "invalid", "", "running", false, "", 0, "UNFINISHED   says nothing; expected crashed/oom-kill\n" },
		{ "invalid", "", "finished", false, "cap not in force", 0, "\nthe rig failed: cap not in force\n" },
		{ "grew", "page-cache", "finished", true, "", 2,
		  "\n DATA LOSS  2 transfers did not return the bytes that were stored\n  GET /-x: empty\n" },
		{ "crashed", "oom-kill", "finished", true, "", 1, "Read back       - right, 1 WRONG\n" },
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
		   "asked back      -                                253 -> 9.10 MiB\n"
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
		   "asked back      253 -> 9.10 MiB\n"
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
	runs[1].outcome = "invalid";
	runs[1].cause = "";
	runs[1].facts.peak_anon_bytes = MIB(77);
	runs[1].facts.peak_usage_bytes = MIB(77);
	runs[1].facts.load_ns = fact_of(77 * NS_PER_S);
	check_contains(report_side_by_side, runs, 2, "grew/page-cache 1 of 2, invalid", true);
	check_contains(report_side_by_side, runs, 2, "77", false);
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

static void test_text_break(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int columns;
		size_t expected;
	} rows[] = {
		{ "", 5, 1 },            { "abc", 5, 3 },          { "abc def", 5, 3 },
		{ "abcde fgh", 5, 5 },   { "abcdefgh", 5, 5 },     { "crashed/oom-kill", 14, 8 },
		{ "oom-kill x", 6, 4 },  { "é→é→ab", 4, 10 },      { "a\nb", 5, 1 },
		{ "a b-c-d", 5, 1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t got = text_break(rows[i].text, rows[i].columns);
		if (got != rows[i].expected)
			fail_msg("\"%s\" at %d: got %zu, expected %zu", rows[i].text, rows[i].columns, got,
				 rows[i].expected);
	}
}

static void test_bar(void **state)
{
	(void)state;
	const struct {
		uint64_t anon, file, scale;
		const char *expected;
	} rows[] = {
		{ 0, 0, 100, ".........." },  { 50, 20, 100, "#####==..." }, { 100, 0, 100, "##########" },
		{ 4, 0, 100, ".........." },  { 5, 0, 100, "#........." },   { 90, 90, 100, "#########=" },
		{ 500, 0, 100, "##########" }, { 5, 5, 0, ".........." },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page p = { .width = 80 };
		const struct bar_part parts[] = { { GLYPH_ANON, INK_BAD, rows[i].anon },
						  { GLYPH_CACHE, INK_GOOD, rows[i].file } };
		page_bar(&p, parts, 2, rows[i].scale, 10);
		assert_string_equal(buf_str(&p.text), rows[i].expected);
		page_release(&p);
	}
}

static void test_figures(void **state)
{
	(void)state;
	const struct {
		uint64_t first, second;
		const char *expected;
	} rows[] = {
		{ 225 << 20, 231 << 20, "225-231 MiB" },
		{ 5 << 20, 5 << 20, "5 MiB" },
		{ 512 << 10, 2 << 20, "512 KiB-2 MiB" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = BUF_INIT;
		figure_pair(&b, rows[i].first, rows[i].second, "-", figure_size);
		assert_string_equal(buf_str(&b), rows[i].expected);
		buf_release(&b);
	}
	char text[UNITS_TEXT_MAX];
	assert_string_equal(figure_size(FACT_NONE, text), "-");
	assert_string_equal(figure_size(FACT_BROKEN, text), "?");
	assert_string_equal(figure_size(fact_of(0), text), "0 B");
	struct buf b = BUF_INIT;
	figure_pair(&b, 61 * NS_PER_S * 3, 65 * NS_PER_S * 3, "-", figure_duration);
	assert_string_equal(buf_str(&b), "3 min 3 s-3 min 15 s");
	buf_release(&b);
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
	const struct exporter *exporter = exporter_find("json", &err);
	assert_non_null(exporter);
	assert_int_equal(exporter->write(out, runs, 2, &err), 0);
	fclose(out);

	json_error_t bad;
	json_t *got = json_loads(text, JSON_REJECT_DUPLICATES, &bad);
	if (got == NULL)
		fail_msg("%s in: %s", bad.text, text);
	json_t *expected = json_pack(
		"{s:i, s:[{s:s,s:s,s:s,s:s,s:[s],s:b,s:[],s:I,s:{s:I,s:I,s:I,s:I},s:{s:i,s:i,s:n,s:n},s:[s,s]},"
		"{s:s,s:s,s:s,s:n,s:[],s:b,s:[s],s:n,s:{s:I,s:n,s:I,s:I},s:{s:i,s:i,s:I,s:i},s:[s]}]}",
		"schema", 1, "runs", "id", runs[0].id, "scenario", runs[0].scenario, "outcome", "crashed", "cause",
		"oom-kill", "expected", "crashed/oom-kill", "as_expected", 1, "surprises", "memory_bytes",
		(json_int_t)256 << 20,
		"peak", "usage_bytes", (json_int_t)256 << 20, "anon_bytes", (json_int_t)231 << 20, "file_bytes",
		(json_int_t)40 << 20, "unreclaimable_bytes", (json_int_t)236 << 20, "requests", "ok", 0, "failed", 3,
		"verified_bytes", "corrupt", "evidence", crash_evidence[0], crash_evidence[1],
		/* the second */
		"id", runs[1].id, "scenario", runs[1].scenario, "outcome", "grew", "cause", "expected", "as_expected",
		1, "surprises", surprise, "memory_bytes", "peak", "usage_bytes", (json_int_t)256 << 20, "anon_bytes",
		"file_bytes", (json_int_t)240 << 20, "unreclaimable_bytes", (json_int_t)24 << 20, "requests", "ok", 3, "failed", 0,
		"verified_bytes", (json_int_t)1854000000, "corrupt", 0, "evidence", grew_evidence[0]);
	assert_non_null(expected);
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
	for (size_t i = 0; exporters[i] != NULL; i++) {
		struct error err = ERROR_INIT;
		FILE *full = fopen("/dev/full", "w");
		assert_non_null(full);
		if (exporters[i]->write(full, &r, 1, &err) == 0)
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
		cmocka_unit_test(test_crashed_run),
		cmocka_unit_test(test_grown_run),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_headlines),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_invalid_runs_count_for_nothing),
		cmocka_unit_test(test_lost_nothing),
		cmocka_unit_test(test_same_load_is_compared),
		cmocka_unit_test(test_column_labels),
		cmocka_unit_test(test_nothing_is_wider_than_the_terminal),
		cmocka_unit_test(test_text_break),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_full_disk_is_an_error),
		cmocka_unit_test(test_exporter_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
