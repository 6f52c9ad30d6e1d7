/*
 * test_damaged - stored files and files of the kernel that are damaged, made up
 * or larger than anything the rig writes: every reader says so and goes on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/units.h"
#include "expect.h"
#include "folder.h"
#include "observe/kernel_log.h"
#include "observe/process.h"
#include "record/run_list.h"
#include "record/store.h"
#include "record/timeline.h"
#include "report/plot.h"
#include "report/report.h"

static const char samples[] = "t_ns,usage_bytes,anon_bytes\n0,5,5\n900,7,7\n";

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

/* A run whose record has that many phases in which the page cache was asked back, drawn; heap. */
static char *plot_of_squeezes(const struct folder *f, size_t squeezes)
{
	struct error err = ERROR_INIT;
	json_t *phases = json_array(), *record = json_object();
	for (size_t i = 0; i < squeezes; i++)
		json_array_append_new(phases, json_pack("{s:s, s:I, s:I}", "name", "squeeze", "start_ns",
							(json_int_t)(i * 1000), "end_ns", (json_int_t)(i * 1000 + 1)));
	json_object_set_new(record, "phases", phases);
	struct run_summary run = { .id = "id",
				   .scenario = "s",
				   .state = RECORD_FINISHED,
				   .folder = f->path,
				   .outcome = OUTCOME_CRASHED,
				   .cause = "oom-kill",
				   .record = record };
	run.facts.squeezed_usage_bytes = run.facts.oom_event_ns = run.facts.server_end_ns = fact_of(5);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	put(f, "samples.csv", samples);
	if (plot_exporter.write(out, &(struct run_list){ .summaries = &run, .count = 1 }, &err) != 0)
		fail_msg("%s", err.message);
	fclose(out);
	json_decref(record);
	return text;
}

static void test_more_moments_than_a_run_has(void **state)
{
	const struct folder *f = *state;
	const size_t squeezes[] = { 0, 1, 2, 16, 1000 }, expected[] = { 0, 1, 2, 16, 16 };
	failures = 0;
	for (size_t i = 0; i < 5; i++) {
		char *text = plot_of_squeezes(f, squeezes[i]);
		expect_figure("moments", count_of(text, "page cache freed"), expected[i]);
		expect_figure("out of memory", count_of(text, ": out of memory"), 1);
		free(text);
	}
	assert_int_equal(failures, 0);
}

static int read_rows(const struct folder *f, uint64_t span_ns, struct timeline *t, struct error *err)
{
	const struct timeline_options o = {
		.folder = f->path, .columns = 10, .span_ns = span_ns, .lag_json = "/lag", .lag_hold_ns = 1
	};
	return timeline_read(t, &o, err);
}

/* Times and figures at the ends of their types: no column but the last, no sum that wraps. */
static void test_largest_times(void **state)
{
	const struct folder *f = *state;
	struct error err = ERROR_INIT;
	struct timeline t;
	put(f, "samples.csv",
	    "t_ns,usage_bytes,anon_bytes,shmem_bytes,kernel_bytes\n"
	    "0,1,1,1,1\n"
	    "9223372036854775807,9223372036854775807,9223372036854775807,9223372036854775807,5\n"
	    "18446744073709551615,1,1,1,1\n-1,1,1,1,1\n1e3,1,1,1,1\nnan,1,1,1,1\n");
	put(f, "requests.csv", "end,started_ns,finished_ns\nok,0,9223372036854775807\nok,5,18446744073709551616\n");
	put(f, "app.jsonl", "{\"t_ns\":9223372036854775807,\"figures\":{\"lag\":9223372036854775807}}\n");
	for (uint64_t span_ns = 0; span_ns < 2; span_ns++) {
		assert_int_equal(read_rows(f, span_ns, &t, &err), 0);
		assert_int_equal(t.samples, 2);
		assert_int_equal(t.requests, 1);
		assert_int_equal(t.left_out, 5);
		assert_int_equal(t.series[TIMELINE_USAGE][9].high == 0x1p63, 1);
		assert_int_equal(t.series[TIMELINE_LAG][9].state, FACT_UNREADABLE);
		timeline_release(&t);
	}
	put(f, "samples.csv",
	    "t_ns,usage_bytes,anon_bytes,shmem_bytes,kernel_bytes\n"
	    "5,1,9223372036854775807,9223372036854775807,9223372036854775807\n");
	assert_int_equal(read_rows(f, 10, &t, &err), 0);
	assert_int_equal(t.series[TIMELINE_UNRECLAIMABLE][5].state, FACT_UNREADABLE);
	timeline_release(&t);
}

static void test_files_that_are_none(void **state)
{
	const struct folder *f = *state;
	static const char *const names[] = { "samples.csv", "requests.csv", "app.jsonl", STORE_RECORD };
	struct timeline t;
	for (size_t i = 0; i < 4; i++) {
		struct error err = ERROR_INIT;
		assert_int_equal(mkfifoat(f->fd, names[i], 0600), 0);
		json_t *record = i == 3 ? store_read(f->path, &err) : NULL;
		assert_true(i == 3 ? record == NULL : read_rows(f, 0, &t, &err) != 0);
		assert_non_null(strstr(err.message, names[i]));
		assert_non_null(strstr(err.message, "is not a regular file"));
		assert_int_equal(unlinkat(f->fd, names[i], 0), 0);
		assert_int_equal(symlinkat("/dev/zero", f->fd, names[i]), 0);
		record = i == 3 ? store_read(f->path, &err) : NULL;
		assert_true(i == 3 ? record == NULL : read_rows(f, 0, &t, &err) != 0);
		assert_int_equal(unlinkat(f->fd, names[i], 0), 0);
	}
}

static void test_too_large(void **state)
{
	const struct folder *f = *state;
	struct error err = ERROR_INIT;
	struct timeline t;
	char *line = xcalloc(1, (2 << 20) + 2);
	memset(line, 'x', 2 << 20);
	line[2 << 20] = '\n';
	put(f, "samples.csv", line);
	free(line);
	assert_int_equal(read_rows(f, 0, &t, &err), -1);
	assert_non_null(strstr(err.message, "samples.csv:1: a line of more than 1048576 bytes"));
	put(f, STORE_RECORD, "{}");
	char *path = xasprintf("%s/" STORE_RECORD, f->path);
	assert_int_equal(truncate(path, 1LL << 40), 0); /* a file of holes */
	free(path);
	assert_null(store_read(f->path, &err));
	assert_non_null(strstr(err.message, "is too large for what it should be"));
}

static void test_negative_cap(void **state)
{
	(void)state;
	static const char text[] =
		"{\"id\":\"i\",\"state\":\"running\",\"scenario\":{\"name\":\"s\",\"memory\":-1,\"expect\":[]}}";
	struct error err = ERROR_INIT;
	struct run_summary s;
	json_t *record = json_loads(text, 0, NULL);
	assert_int_equal(summary_read(&s, record, &err), 0);
	assert_fact("cap", s.memory_bytes, FACT_NONE);
	summary_release(&s);
	json_decref(record);
}

static void test_kernel_figures_beyond_64_bits(void **state)
{
	(void)state;
	static const char status[] = "Name:\tx\nState:\tR\nVmHWM:\t99999999999999999999 kB\n"
				     "RssAnon:\t18446744073709551615 kB\nRssFile:\t4 kB\n";
	static const char dump[] = "[1.0] memory: usage 18446744073709551615kB, limit 4kB, failcnt 1\n"
				   "[1.0] Tasks state (memory values in pages):\n[1.0] [  pid  ] total_vm rss name\n"
				   "[1.0] [  515] 9223372036854775807 2 x\n";
	struct process_status p;
	struct oom_dump d;
	process_status_parse(status, sizeof(status) - 1, &p);
	assert_fact("peak", p.vm_hwm_bytes, FACT_BROKEN);
	assert_fact("anon", p.rss_anon_bytes, FACT_BROKEN);
	assert_fact("file", p.rss_file_bytes, fact_of(4096));
	oom_dump_parse(dump, 4096, &d);
	assert_fact("usage", d.memory.field[MEMORY_USAGE], FACT_BROKEN);
	assert_fact("limit", d.limit_bytes, fact_of(4096));
	assert_fact("total_vm", d.task[0].total_vm_bytes, FACT_BROKEN);
	assert_fact("rss", d.task[0].rss_bytes, fact_of(8192));
	assert_fact("sum", fact_add(fact_of(UINT64_MAX), fact_of(1)), FACT_BROKEN);
}

/* A process id that is none is nobody's: not 0 of the filter, not one cut to 32 bits. */
static void test_kill_records_of_no_process(void **state)
{
	(void)state;
	static const char *const ids[] = { "4294967811", "-515", "0", "99999999999999999999", "x", "" };
	const pid_t pids[] = { 515, 0, -515 };
	const struct kernel_log_filter filter = { .group = "g", .pids = pids, .pid_count = 3 };
	for (size_t i = 0; i < 6; i++) {
		struct kernel_log log = KERNEL_LOG_INIT;
		char *text = xasprintf("6,%zu,5,-;Memory cgroup out of memory: Killed process %s (x) total-vm:1kB", i,
				       ids[i]);
		kernel_log_take(&log, &filter, text, strlen(text));
		free(text);
		if (log.kill_count != 0)
			fail_msg("a kill of '%s' was taken", ids[i]);
		kernel_log_close(&log);
	}
}

static void test_whole_figures(void **state)
{
	(void)state;
	static const struct {
		double value;
		uint64_t whole;
	} rows[] = { { 0, 0 },
		     { 0.4, 0 },
		     { 0.5, 1 },
		     { -1, 0 },
		     { NAN, 0 },
		     { INFINITY, INT64_MAX },
		     { 0x1p63, INT64_MAX },
		     { 1e300, INT64_MAX },
		     { 7e15, 7000000000000000 } };
	failures = 0;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_figure("whole", units_whole(rows[i].value), rows[i].whole);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_more_moments_than_a_run_has, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_largest_times, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_files_that_are_none, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_too_large, folder_setup, folder_teardown),
		cmocka_unit_test(test_negative_cap),
		cmocka_unit_test(test_kernel_figures_beyond_64_bits),
		cmocka_unit_test(test_kill_records_of_no_process),
		cmocka_unit_test(test_whole_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
