/*
 * test_timeline - row files of a run, written here, as buckets: nothing is lost
 * by there being fewer buckets than rows, and what is not known stays so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "record/csv.h"
#include "record/timeline.h"

#include "expect.h"

#define SAMPLES "t_ns,reason,usage_bytes,anon_bytes,file_bytes,shmem_bytes,kernel_bytes\n"
#define REQUESTS "sequence,end,started_ns,finished_ns,error\n"

static char folder[] = "/tmp/oomrig-timeline.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return fs_remove_tree(folder, NULL);
}

static int empty_folder(void **state)
{
	static const char *const files[] = { "samples.csv", "requests.csv", "app.jsonl" };
	for (size_t i = 0; i < COUNT(files); i++) {
		char *path = xasprintf("%s/%s", folder, files[i]);
		remove(path);
		free(path);
	}
	return reset_failures(state);
}

static void write_file(const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	char *path = xasprintf("%s/%s", folder, name);
	if (fs_write_file(path, text, strlen(text), &err) != 0)
		fail_msg("%s", err.message);
	free(path);
}

/* Ten columns over the first ten ns: the numbers stay small.  Span 0: to the last sample. */
static struct timeline read_timeline(uint64_t span_ns, uint64_t hold_ns)
{
	struct timeline t;
	struct error err = ERROR_INIT;
	struct timeline_options options = {
		.folder = folder,
		.columns = 10,
		.span_ns = span_ns,
		.sample_hold_ns = hold_ns,
		.lag_json = "/lag_ms",
		.lag_hold_ns = hold_ns,
	};
	if (timeline_read(&t, &options, &err) != 0)
		fail_msg("%s", err.message);
	return t;
}

/* "0-3 5 . ?": lowest and highest, absent, unreadable. */
static void expect_series(const char *what, const struct timeline *t, enum timeline_series which, const char *expected)
{
	struct buf got = BUF_INIT;
	for (size_t i = 0; i < t->columns; i++) {
		const struct timeline_bucket *b = &t->series[which][i];
		buf_adds(&got, i == 0 ? "" : " ");
		if (b->state != FACT_KNOWN)
			buf_adds(&got, b->state == FACT_ABSENT ? "." : "?");
		else if (b->low == b->high)
			buf_addf(&got, "%g", b->high);
		else
			buf_addf(&got, "%g-%g", b->low, b->high);
	}
	expect_text(what, buf_str(&got), expected);
	buf_release(&got);
}

static void test_three_values(void **state)
{
	(void)state;
	write_file("samples.csv", SAMPLES "0,tick,9,1,5,2,3\n"
					  "1,tick,0,0,0,0,0\n"
					  "2,tick,,,,,\n"
					  "3,tick,unreadable,1,unreadable,unreadable,1\n"
					  "4,tick,7,1,,,\n"
					  "4,oom,2,4,,,\n"
					  "5,tick,,,,,\n"
					  "5,tick,3,,,,\n"
					  "6,tick,unreadable,,,,\n"
					  "6,tick,,,,,\n");
	struct timeline t = read_timeline(10, 0);
	expect_series("usage", &t, TIMELINE_USAGE, "9 0 . ? 2-7 3 ? . . .");
	expect_series("unreclaimable", &t, TIMELINE_UNRECLAIMABLE, "6 0 . ? 1-4 . . . . .");
	expect_series("file", &t, TIMELINE_FILE, "5 0 . ? . . . . . .");
	expect_series("no canary", &t, TIMELINE_LAG, ". . . . . . . . . .");
	expect_series("no requests", &t, TIMELINE_IN_FLIGHT, ". . . . . . . . . .");
	expect_figure("samples", t.samples, 10);
	expect_figure("left out", t.left_out, 0);
	timeline_release(&t);
	assert_int_equal(failures, 0);
}

/* A sample stands for the time up to the next, but not over a hole. */
static void test_holes(void **state)
{
	(void)state;
	write_file("samples.csv", SAMPLES "0,tick,5,,,,\n3,tick,6,,,,\n4,tick,,,,,\n6,tick,7,,,,\n10,tick,8,,,,\n");
	struct timeline t = read_timeline(0, 3);
	expect_figure("span", t.span_ns, 11);
	expect_series("usage", &t, TIMELINE_USAGE, "5 5 6 . . 7 . . . 8");
	timeline_release(&t);
	assert_int_equal(failures, 0);
}

static void test_one_sample_among_100000(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	buf_adds(&text, SAMPLES);
	for (unsigned i = 0; i < 100000; i++)
		buf_addf(&text, "%u,tick,%u,%u,0,0,0\n", i, i == 73456 ? 900 : 20, i == 31234 ? 1 : 10);
	write_file("samples.csv", buf_str(&text));
	struct timeline t = read_timeline(0, 10);
	expect_series("usage", &t, TIMELINE_USAGE, "20 20 20 20 20 20 20 20-900 20 20");
	expect_series("unreclaimable", &t, TIMELINE_UNRECLAIMABLE, "10 10 10 1-10 10 10 10 10 10 10");
	timeline_release(&t);
	buf_release(&text);
	assert_int_equal(failures, 0);
}

static void test_requests(void **state)
{
	(void)state;
	write_file("samples.csv", SAMPLES "0,tick,1,,,,\n");
	write_file("requests.csv", REQUESTS "0,ok,0,10,\"\"\n"
					    "1,transport,2,5,\"a \"\"quoted\"\" word, and a comma\"\n"
					    "2,status,4,5,\"404\"\n"
					    "3,cut,6,99,\"\"\n"
					    "4,transport,,7,\"never begun\"\n");
	struct timeline t = read_timeline(10, 0);
	expect_series("in flight", &t, TIMELINE_IN_FLIGHT, "1 1 2 2 3 1 2 2 2 2");
	expect_series("failed", &t, TIMELINE_FAILED, ". . . . . 2 . 1 . .");
	expect_figure("requests", t.requests, 5);
	expect_figure("left out", t.left_out, 0);
	timeline_release(&t);
	assert_int_equal(failures, 0);
}

/* Halves of columns: the mean is over time, not over requests. */
static void test_mean_in_flight(void **state)
{
	(void)state;
	struct timeline t;
	struct error err = ERROR_INIT;
	struct timeline_options options = { .folder = folder, .columns = 5, .span_ns = 100 };
	write_file("samples.csv", SAMPLES);
	write_file("requests.csv", REQUESTS "0,ok,0,5,\n1,ok,5,10,\n2,ok,30,70,\n");
	assert_int_equal(timeline_read(&t, &options, &err), 0);
	expect_series("in flight", &t, TIMELINE_IN_FLIGHT, "0.5 0.5 1 0.5 0");
	timeline_release(&t);
	assert_int_equal(failures, 0);
}

static void test_lag(void **state)
{
	(void)state;
	write_file("app.jsonl", "{\"t_ns\":0,\"figures\":{\"lag_ms\":0}}\n"
				"{\"t_ns\":2,\"figures\":{\"lag_ms\":41000}}\n"
				"{\"t_ns\":4,\"figures\":{\"lag_ms\":null}}\n"
				"{\"t_ns\":6,\"figures\":{\"lag_ms\":\"late\"}}\n"
				"{\"t_ns\":7,\"figures\":{\"lag_ms\":-1}}\n"
				"{\"t_ns\":8,\"figures\":{}}\n");
	struct timeline t = read_timeline(10, 0);
	expect_series("lag", &t, TIMELINE_LAG, "0 . 4.1e+10 . . . ? ? . .");
	timeline_release(&t);
	assert_int_equal(failures, 0);
}

static void test_bad_rows_are_named(void **state)
{
	(void)state;
	const struct {
		const char *file, *text;
		uint64_t left_out;
		const char *first; /* behind the folder */
	} rows[] = {
		{ "samples.csv", SAMPLES "0,tick,1,,,,\n1,tick,1\n2,tick,x,,,,\n", 2,
		  "/samples.csv:3: 3 cells for 7 columns" },
		{ "samples.csv", SAMPLES "0,tick,-1,,,,\n", 1,
		  "/samples.csv:2: a cell is not the figure it should be" },
		{ "samples.csv", SAMPLES "0,tick,99999999999999999999,,,,\n", 1,
		  "/samples.csv:2: a cell is not the figure it should be" },
		{ "samples.csv", SAMPLES "0,a (b)!,9223372036854775807,,,,\n", 0, NULL },
		{ "samples.csv", SAMPLES "0,tick,9223372036854775808,,,,\n", 1,
		  "/samples.csv:2: a cell is not the figure it should be" },
		{ "samples.csv", SAMPLES ",tick,1,,,,\n", 1, "/samples.csv:2: a cell is not the figure it should be" },
		{ "samples.csv", SAMPLES "0,tick,1,,,,\n0,tick,1,1", 0, NULL }, /* still being written */
		{ "requests.csv", REQUESTS "0,ok,9,8,\n", 1, "/requests.csv:2: a cell is not the figure it should be" },
		{ "app.jsonl", "{\"t_ns\":0,\"figures\":{}}\n{\"t_ns\":\n{\"t_", 1,
		  "/app.jsonl:2: not the server's figures" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		empty_folder(state);
		write_file(rows[i].file, rows[i].text);
		struct timeline t = read_timeline(10, 0);
		char *first = rows[i].first != NULL ? xasprintf("%s%s", folder, rows[i].first) : xstrdup("");
		if (t.left_out != rows[i].left_out || strcmp(t.first_left_out, first) != 0)
			fail_msg("row %zu: got %llu, \"%s\"", i, (unsigned long long)t.left_out, t.first_left_out);
		free(first);
		timeline_release(&t);
	}
}

static void test_no_files(void **state)
{
	(void)state;
	struct timeline t = read_timeline(10, 0);
	for (int i = 0; i < TIMELINE_SERIES; i++)
		expect_series("nothing", &t, i, ". . . . . . . . . .");
	expect_figure("samples", t.samples, 0);
	timeline_release(&t);
	assert_int_equal(failures, 0);
}

static void test_unreadable_file(void **state)
{
	(void)state;
	struct timeline t;
	struct error err = ERROR_INIT;
	struct timeline_options options = { .folder = folder, .columns = 10 };
	char *path = xasprintf("%s/samples.csv", folder);
	assert_int_equal(fs_make_dirs(path, &err), 0);
	assert_int_equal(timeline_read(&t, &options, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
	assert_non_null(strstr(err.message, path));
	assert_int_equal(fs_remove_tree(path, &err), 0);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_three_values, empty_folder),
		cmocka_unit_test_setup(test_holes, empty_folder),
		cmocka_unit_test_setup(test_one_sample_among_100000, empty_folder),
		cmocka_unit_test_setup(test_requests, empty_folder),
		cmocka_unit_test_setup(test_mean_in_flight, empty_folder),
		cmocka_unit_test_setup(test_lag, empty_folder),
		cmocka_unit_test_setup(test_bad_rows_are_named, empty_folder),
		cmocka_unit_test_setup(test_no_files, empty_folder),
		cmocka_unit_test_setup(test_unreadable_file, empty_folder),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
