/*
 * report_cases - what the unit tests of reports share: a run that was killed, one
 * that grew, and the check of what is written of them.  Included after cmocka.h;
 * a program need not use all of it.
 */
#ifndef OOMRIG_TESTS_REPORT_CASES_H
#define OOMRIG_TESTS_REPORT_CASES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "report/report.h"

#define MIB(n) fact_of((uint64_t)((n)*1048576.0))
#define UNUSED __attribute__((unused))

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
		.state = RECORD_FINISHED,
		.folder = "results/20261121-114439-three-uploads-before-any-fix-1f3a",
		.label = "",
		.outcome = OUTCOME_CRASHED,
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
		.state = RECORD_FINISHED,
		.outcome = OUTCOME_GREW,
		.label = "",
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

#endif
