/*
 * test_plot - a stored run drawn: its folder is written here, in ASCII, without
 * colour.
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
#include "report/page.h"
#include "report/plot.h"

#define MIB(n) ((uint64_t)(n) << 20)

static char folder[] = "/tmp/oomrig-plot.XXXXXX";
static const char *expected_verdict[] = { "crashed/oom-kill" };
static const char *skipped_evidence[] = { "skipped: it needs swap, and this host has none" };

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

static void write_file(const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	char *path = xasprintf("%s/%s", folder, name);
	if (fs_write_file(path, text, strlen(text), &err) != 0)
		fail_msg("%s", err.message);
	free(path);
}

/* Ten seconds at 10 Hz: memory rises in the load's six seconds to the cap, where the server dies. */
static void write_crash(void)
{
	struct buf samples = BUF_INIT, figures = BUF_INIT;
	buf_adds(&samples, "t_ns,usage_bytes,anon_bytes,file_bytes,shmem_bytes,kernel_bytes\n");
	for (uint64_t i = 0; i <= 90; i++) {
		uint64_t anon = i < 20 ? MIB(2) : i < 80 ? MIB(4 * (i - 20)) : 0, cache = i < 80 ? MIB(16) : 0;
		buf_addf(&samples, "%llu,%llu,%llu,%llu,0,0\n", (unsigned long long)(i * 100 * NS_PER_MS),
			 (unsigned long long)(anon + cache), (unsigned long long)anon, (unsigned long long)cache);
		if (i % 10 == 0)
			buf_addf(&figures, "{\"t_ns\":%llu,\"figures\":{\"lag\":%llu}}\n",
				 (unsigned long long)(i * 100 * NS_PER_MS), (unsigned long long)(i * 500));
	}
	write_file("samples.csv", buf_str(&samples));
	write_file("app.jsonl", buf_str(&figures));
	write_file("requests.csv", "sequence,end,started_ns,finished_ns\n"
				   "0,ok,2000000000,5000000000\n"
				   "1,transport,3000000000,8000000000\n");
	buf_release(&samples);
	buf_release(&figures);
}

static json_t *crash_record(void)
{
	return json_pack("{s:{s:i, s:{s:s}}, s:[{s:s,s:I,s:I},{s:s,s:I,s:I},{s:s,s:I,s:I}]}", "scenario", "sample_hz",
			 10, "server", "canary", "/lag", "phases", "name", "baseline", "start_ns", (json_int_t)0,
			 "end_ns", (json_int_t)(2 * NS_PER_S), "name", "load", "start_ns", (json_int_t)(2 * NS_PER_S),
			 "end_ns", (json_int_t)(8 * NS_PER_S), "name", "stop", "start_ns", (json_int_t)(8 * NS_PER_S),
			 "end_ns", (json_int_t)(10 * NS_PER_S));
}

static struct run_summary crashed_run(json_t *record)
{
	struct run_summary run = {
		.id = "id",
		.scenario = "uploads",
		.state = RECORD_FINISHED,
		.folder = folder,
		.outcome = OUTCOME_CRASHED,
		.cause = "oom-kill",
		.expected = expected_verdict,
		.expected_count = 1,
		.as_expected = true,
		.memory_bytes = fact_of(MIB(256)),
		.record = record,
	};
	run.facts.oom_event_ns = fact_of(7900 * NS_PER_MS);
	run.facts.server_end_ns = fact_of(8 * NS_PER_S);
	return run;
}

/* What is drawn; heap. */
static char *drawn(const struct run_summary *runs, size_t count)
{
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (plot_exporter.write(
		    out, &(struct run_list){ .summaries = (struct run_summary *)(uintptr_t)runs, .count = count },
		    &err) != 0)
		fail_msg("%s", err.message);
	fclose(out);
	return text;
}

static void test_crash(void **state)
{
	(void)state;
	json_t *record = crash_record();
	struct run_summary run = crashed_run(record);
	write_crash();
	char *got = drawn(&run, 1);
	char *expected = xasprintf("CRASHED  oom-kill   ok: as expected\n"
				   "uploads | 256 MiB\n"
				   "\n"
				   "Memory, at most 252 MiB charged:  # unreclaimable 236 MiB\n"
				   "  = page cache 16 MiB  - cap 256 MiB\n"
				   "  256 MiB+--------------------------------------------------\n"
				   "         |          :                            =:\n"
				   "         |          :                         ==##:\n"
				   "  192 MiB+          :                      ==#####:\n"
				   "         |          :                    ==#######:\n"
				   "         |          :                 ==##########:\n"
				   "  128 MiB+          :              ==#############:\n"
				   "         |          :            ==###############:\n"
				   "         |          :         ==##################:\n"
				   "   64 MiB+          :      ==#####################:\n"
				   "         |          :    ==#######################:\n"
				   "         |          : ==##########################:\n"
				   "         |===========#############################:\n"
				   "      0 B+---------------------------------------^^-----\n"
				   "                           7.90 s: out of memory ^\n"
				   "      8.00 s: the server was killed by the kernel ^\n"
				   "\n"
				   "Requests in flight:  # mean over a column, 0.20 s\n"
				   "  ^ 1 failed\n"
				   "        2+          :                             :\n"
				   "         |          :    ##########               :\n"
				   "         |          ##############################:\n"
				   "         |          ##############################:\n"
				   "        0+----------------------------------------^---------\n"
				   "\n"
				   "Clean-up has not run for:\n"
				   "  # 45.0 s at most, by its own clock\n"
				   "   50.0 s+          :                             :\n"
				   "         |          :                             :    #\n"
				   "         |          :              #####################\n"
				   "         |     _____####################################\n"
				   "      0 s+----------------------------------------------\n"
				   "          :baseline :load                         :stop\n"
				   "          0 s                      5.00 s\n"
				   "\n"
				   "Record  %s\n",
				   folder);
	if (strcmp(got, expected) != 0)
		fprintf(stderr, "---- got\n%s---- expected\n%s----\n", got, expected);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
	json_decref(record);
}

static void test_nothing_is_wider_than_the_terminal(void **state)
{
	(void)state;
	const char *widths[] = { "40", "61", "132" };
	json_t *record = crash_record();
	struct run_summary run = crashed_run(record);
	write_crash();
	for (size_t i = 0; i < COUNT(widths); i++) {
		setenv("COLUMNS", widths[i], 1);
		char *text = drawn(&run, 1);
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			if (text_columns(line) > atoi(widths[i]) && strncmp(line, "Record", 6) != 0)
				fail_msg("at %s columns: \"%s\"", widths[i], line);
		free(text);
	}
	setenv("COLUMNS", "60", 1);
	json_decref(record);
}

/* One sample of 100,000 at the cap: one column of the picture reaches up to it. */
static void test_one_sample_is_seen(void **state)
{
	(void)state;
	json_t *record = json_pack("{s:{s:i}}", "scenario", "sample_hz", 100);
	struct run_summary run = crashed_run(record);
	struct buf samples = BUF_INIT;
	run.facts.server_end_ns = run.facts.oom_event_ns = FACT_NONE;
	buf_adds(&samples, "t_ns,usage_bytes,anon_bytes,file_bytes,shmem_bytes,kernel_bytes\n");
	for (uint64_t i = 0; i < 100000; i++) {
		unsigned long long anon = i == 50000 ? MIB(256) : MIB(8);
		buf_addf(&samples, "%llu,%llu,%llu,0,0,0\n", (unsigned long long)(i * 10 * NS_PER_MS), anon, anon);
	}
	write_file("samples.csv", buf_str(&samples));
	char *got = drawn(&run, 1);
	const char *last_row = strstr(got, "  256 MiB+");
	last_row = last_row != NULL ? strchr(last_row, '\n') : NULL;
	if (last_row == NULL || strncmp(last_row, "\n         |                         #\n", 37) != 0)
		fail_msg("the row below the cap: %.60s", last_row != NULL ? last_row : got);
	free(got);
	buf_release(&samples);
	json_decref(record);
}

/* Memory that comes and goes within a column is told from memory that stays, and from memory that only rises. */
static void test_swings(void **state)
{
	(void)state;
	json_t *record = json_pack("{s:{s:i}}", "scenario", "sample_hz", 10);
	struct run_summary run = crashed_run(record);
	const struct {
		bool swings;
		unsigned low_mib, high_mib, rise_mib;
		const char *row; /* how the row from 128 to 149 MiB begins */
	} rows[] = {
		{ true, 100, 200, 0, "  128 MiB+#||||||||||||||||" },
		{ false, 150, 150, 0, "  128 MiB+################" },
		{ false, 0, 0, 240, "  128 MiB+                            ##" },
	};
	run.facts.server_end_ns = run.facts.oom_event_ns = FACT_NONE;
	for (size_t r = 0; r < COUNT(rows); r++) {
		struct buf samples = BUF_INIT;
		buf_adds(&samples, "t_ns,anon_bytes\n");
		for (uint64_t i = 0; i < 1000; i++) {
			uint64_t anon = MIB(i % 3 == 0 ? rows[r].high_mib : rows[r].low_mib);
			anon += MIB(rows[r].rise_mib) * i / 1000;
			buf_addf(&samples, "%llu,%llu\n", (unsigned long long)(i * 100 * NS_PER_MS),
				 (unsigned long long)anon);
		}
		write_file("samples.csv", buf_str(&samples));
		buf_release(&samples);
		char *got = drawn(&run, 1), *line = strstr(got, "\n  128 MiB+");
		if ((strstr(got, "lowest to highest in a column") != NULL) != rows[r].swings)
			fail_msg("row %zu: the legend of\n%s", r, got);
		if (line == NULL || strncmp(line + 1, rows[r].row, strlen(rows[r].row)) != 0)
			fail_msg("row %zu: got \"%.40s\"", r, line != NULL ? line + 1 : got);
		free(got);
	}
	json_decref(record);
}

static void test_what_is_said_instead(void **state)
{
	(void)state;
	struct run_summary run = crashed_run(NULL);
	write_file("samples.csv", "t_ns,usage_bytes\n");
	write_file("requests.csv", "sequence,end,started_ns,finished_ns\n");
	run.outcome = OUTCOME_SKIPPED;
	run.evidence = skipped_evidence;
	run.evidence_count = 1;
	char *got = drawn(&run, 1);
	assert_non_null(strstr(got, "nothing to draw: this run has no samples"));
	assert_non_null(strstr(got, "it needs swap"));
	assert_null(strstr(got, "Memory"));
	free(got);

	write_file("samples.csv", "t_ns,usage_bytes\n0,1048576\nx,1\n1000000000,2097152\n2000");
	run.state = RECORD_RUNNING;
	got = drawn(&run, 1);
	assert_non_null(strstr(got, "its phases were not recorded"));
	assert_non_null(strstr(got, "no request ended"));
	assert_non_null(strstr(got, "1 row left out: "));
	assert_non_null(strstr(got, "/samples.csv:3: "));
	free(got);
}

/* A killed rig: the picture goes on to the last sample, not just to where its last phase began. */
static void test_phase_without_an_end(void **state)
{
	(void)state;
	json_t *record = json_pack("{s:[{s:s,s:i,s:i},{s:s,s:i,s:n}]}", "phases", "name", "load", "start_ns", 0,
				   "end_ns", 400, "name", "settle", "start_ns", 400, "end_ns");
	struct run_summary run = crashed_run(record);
	run.state = RECORD_RUNNING;
	run.facts.server_end_ns = run.facts.oom_event_ns = FACT_NONE;
	write_file("samples.csv", "t_ns,usage_bytes\n0,1048576\n1000,2097152\n");
	char *got = drawn(&run, 1);
	assert_non_null(strstr(got, "settle, and"));
	assert_non_null(strstr(got, ":settle"));
	assert_non_null(strstr(got, "at most 2 MiB charged"));
	free(got);
	json_decref(record);
}

/* Far below its cap: the picture is of what there is, but what hardly moves does not fill it. */
static void test_far_below_the_cap(void **state)
{
	(void)state;
	json_t *record =
		json_pack("{s:[{s:s,s:i,s:i},{s:s,s:i,s:i},{s:s,s:i,s:i},{s:s,s:i,s:i}]}", "phases", "name", "baseline",
			  "start_ns", 0, "end_ns", 200, "name", "load", "start_ns", 200, "end_ns", 800, "name",
			  "settle", "start_ns", 400, "end_ns", 900, "name", "squeeze", "start_ns", 900, "end_ns", 1000);
	struct run_summary run = crashed_run(record);
	run.facts.server_end_ns = run.facts.oom_event_ns = FACT_NONE;
	run.facts.squeezed_usage_bytes = fact_of(MIB(3));
	const struct {
		unsigned mib;
		const char *top;
	} rows[] = { { 4, "\n   32 MiB+  " }, { 100, "\n  128 MiB+  " } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *samples =
			xasprintf("t_ns,usage_bytes,anon_bytes\n500,%llu,0\n", (unsigned long long)MIB(rows[i].mib));
		write_file("samples.csv", samples);
		char *got = drawn(&run, 1);
		const char *const said[] = { rows[i].top, "above the picture: cap 256 MiB", ":rounds of load",
					     "page cache freed, 3 MiB stayed ^" };
		for (size_t k = 0; k < COUNT(said); k++)
			if (strstr(got, said[k]) == NULL)
				fail_msg("\"%s\" is not in\n%s", said[k], got);
		free(got);
		free(samples);
	}
	json_decref(record);
}

/* The charge is known, its parts are not: the charge is drawn, and a '?' stands for the rest. */
static void test_unreadable_parts(void **state)
{
	(void)state;
	struct run_summary run = crashed_run(NULL);
	run.facts.server_end_ns = run.facts.oom_event_ns = FACT_NONE;
	write_file("samples.csv", "t_ns,usage_bytes,anon_bytes,kernel_bytes\n0,268435456,unreadable,1048576\n"
				  "1000,268435456,unreadable,1048576\n");
	char *got = drawn(&run, 1);
	assert_non_null(strstr(got, "         |++"));
	assert_non_null(strstr(got, "         |??"));
	assert_null(strstr(got, "unreclaimable"));
	assert_null(strstr(got, "|##"));
	free(got);
}

int main(void)
{
	setenv("COLUMNS", "60", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_nothing_is_wider_than_the_terminal),
		cmocka_unit_test(test_one_sample_is_seen),
		cmocka_unit_test(test_swings),
		cmocka_unit_test(test_phase_without_an_end),
		cmocka_unit_test(test_far_below_the_cap),
		cmocka_unit_test(test_unreadable_parts),
		cmocka_unit_test(test_what_is_said_instead),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
