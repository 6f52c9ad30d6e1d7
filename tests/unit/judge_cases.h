/*
 * judge_cases - what the unit tests of the judge share: a quiet run and the usual
 * changes to it as text, the builder of facts from it, the check of a table of
 * cases.  Included after cmocka.h; a program need not use all of it.
 */
#ifndef OOMRIG_TESTS_JUDGE_CASES_H
#define OOMRIG_TESTS_JUDGE_CASES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "judge/judge.h"

#define UNUSED __attribute__((unused))

/* A run in which nothing happened: three small uploads under 256 MiB, served, read back. */
#define QUIET                                                                                                          \
	"cap_asked_bytes=256MiB;cap_in_force_bytes=256MiB;swap_asked_bytes=0;cap_swap_in_force_bytes=256MiB;"          \
	"host_swap_bytes=0;page_bytes=4096;server_in_group=1;server_started=1;server_ready_ns=80ms;server_pid=515;"    \
	"our_signal=15;our_signal_ns=9s;server_end_ns=9100ms;server_exit_code=0;oom_kill=0;oom_events=0;"              \
	"kernel_log_kills=0;limit_hits=0;baseline_usage_bytes=5MiB;baseline_anon_bytes=3MiB;baseline_file_bytes=1MiB;" \
	"baseline_kernel_bytes=1MiB;baseline_unreclaimable_bytes=4MiB;baseline_watermark_bytes=6MiB;"                  \
	"peak_usage_bytes=8MiB;peak_sampled_usage_bytes=8MiB;peak_anon_bytes=4MiB;peak_file_bytes=3MiB;"               \
	"peak_shmem_bytes=0;peak_kernel_bytes=1MiB;peak_unreclaimable_bytes=5MiB;settled_usage_bytes=8MiB;"            \
	"settled_anon_bytes=4MiB;settled_file_bytes=3MiB;settled_kernel_bytes=1MiB;settled_unreclaimable_bytes=5MiB;"  \
	"squeezed_usage_bytes=5MiB;squeezed_file_bytes=0;squeezed_unreclaimable_bytes=5MiB;samples=900;"               \
	"samples_dropped=0;sample_gap_max_ns=14ms;requests_intended=3;requests_started=3;requests_ok=3;"               \
	"requests_failed=0;requests_cut=0;sent_bytes=3MiB;acknowledged_bytes=3MiB;acknowledged_objects=3;"             \
	"verified_bytes=3MiB;corrupt=0;load_ns=5s;load_major_faults=3;load_deadline_hit=0;health_deadline_ns=5s;"      \
	"health_longest_silence_ns=4ms;disk_full=0;"

/* It ends before the rig sends anything, 0.42 s after its start, three uploads in flight. */
#define ENDS                                                                                                           \
	"our_signal=-;our_signal_ns=-;server_exit_code=-;server_end_ns=420ms;peak_usage_bytes=256MiB;"                 \
	"death_usage_bytes=256MiB;death_anon_bytes=231MiB;death_file_bytes=20MiB;death_shmem_bytes=0;"                 \
	"death_kernel_bytes=4300KiB;death_dirty_bytes=6MiB;death_writeback_bytes=1MiB;death_in_flight=3;"              \
	"death_sent_in_flight_bytes=96MiB;death_acknowledged_bytes=0;requests_ok=0;requests_failed=3;"                 \
	"acknowledged_objects=0;acknowledged_bytes=0;verified_bytes=0;"
#define KILL_RECORD                                                                                                    \
	"oom_kill=1;oom_events=1;oom_event_ns=410ms;kernel_log_kills=1;oom_kill_main=1;"                               \
	"kernel_log_line=Memory cgroup out of memory: Killed process 515 (chunkserver);"
#define KILLED ENDS KILL_RECORD "server_signal=9;"

/* The charge stands at the cap and is nearly all page cache, which comes back; 23 MiB of anon while in flight. */
#define CACHE_GROWS                                                                                                    \
	"peak_usage_bytes=256MiB;peak_sampled_usage_bytes=255MiB;peak_anon_bytes=23MiB;peak_file_bytes=235MiB;"        \
	"peak_kernel_bytes=8MiB;peak_unreclaimable_bytes=30MiB;settled_usage_bytes=255MiB;settled_anon_bytes=9MiB;"    \
	"settled_file_bytes=240MiB;settled_kernel_bytes=8MiB;settled_unreclaimable_bytes=17MiB;limit_hits=1825;"       \
	"squeezed_usage_bytes=11MiB;squeezed_file_bytes=300KiB;squeezed_unreclaimable_bytes=10MiB;"                    \
	"sent_bytes=1854MB;acknowledged_bytes=1854MB;verified_bytes=1854MB;"

/* Unreclaimable memory rises to 143 MiB and falls back. */
#define ANON_PEAKS                                                                                                     \
	"peak_usage_bytes=256MiB;peak_sampled_usage_bytes=256MiB;peak_anon_bytes=141MiB;peak_file_bytes=190MiB;"       \
	"peak_kernel_bytes=7MiB;peak_unreclaimable_bytes=147MiB;"

/* 64 MiB of anon more than before, and it stays; and, of hundreds of requests, each leaves as much as the others. */
#define KEEPS_RISING "series=rises;"
#define ANON_STAYS                                                                                                     \
	"peak_usage_bytes=72MiB;peak_sampled_usage_bytes=72MiB;peak_anon_bytes=67MiB;peak_unreclaimable_bytes=68MiB;"  \
	"settled_usage_bytes=72MiB;settled_anon_bytes=67MiB;settled_unreclaimable_bytes=68MiB;"                        \
	"squeezed_usage_bytes=69MiB;squeezed_unreclaimable_bytes=68MiB;"

#define NO_CAP "cap_asked_bytes=-;cap_in_force_bytes=-;swap_asked_bytes=-;cap_swap_in_force_bytes=-;"
#define HIGH "high_asked_bytes=64MiB;high_in_force_bytes=64MiB;"
#define HANGS "health_longest_silence_ns=7s;requests_ok=0;requests_failed=0;load_deadline_hit=1;"
#define ALLOC_LINE "server_log_alloc=chunkserver: cannot allocate 67108864 bytes;"
#define NEVER_READY "server_ready_ns=-;requests_started=0;requests_ok=0;requests_failed=0;"

struct judge_case {
	const char *name;
	const char *changes;  /* to QUIET: KEY=VALUE; with '-' absent and '?' unreadable */
	const char *verdict;  /* "outcome[/cause]" */
	const char *evidence; /* must occur in a line; NULL: nothing asked */
};

/* Which verdicts the cases of which program reach: together the judge's whole table (test_judge.c). */
UNUSED static const char *const guard_verdicts[] = { "interrupted",    "skipped",	  "invalid/rig",
						     "invalid/cap",    "invalid/group",	  "crashed/panic",
						     "stalled/freeze", "invalid/start",	  "invalid/load",
						     "invalid/disk",   "invalid/samples", NULL };
UNUSED static const char *const life_verdicts[] = { "crashed",
						    "crashed/oom-kill",
						    "crashed/oom-child",
						    "crashed/alloc-failure",
						    "crashed/signal",
						    "crashed/exit",
						    "stalled",
						    "stalled/thrash",
						    "stalled/hang",
						    "stalled/no-victim",
						    "invalid",
						    "invalid/evidence",
						    NULL };
UNUSED static const char *const growth_verdicts[] = {
	"grew", "grew/leak", "grew/kept", "grew/peak", "grew/page-cache", "steady", "invalid/unproven", NULL
};

static const struct fact_row *row_named(const char *name, size_t len)
{
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++)
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	fail_msg("no fact is called '%.*s'", (int)len, name);
	return NULL;
}

static struct fact parse_fact(const struct fact_row *row, const char *text)
{
	int (*parse)(const char *, uint64_t *, struct error *) = units_parse_count;
	struct error err = ERROR_INIT;
	uint64_t value;

	if (strcmp(text, "-") == 0)
		return FACT_NONE;
	if (strcmp(text, "?") == 0)
		return FACT_BROKEN;
	if (strcmp(row->unit, "bytes") == 0)
		parse = units_parse_size;
	if (strcmp(row->unit, "ns") == 0)
		parse = units_parse_duration;
	if (parse(text, &value, &err) != 0)
		fail_msg("%s: %s", row->name, err.message);
	return fact_of(value);
}

/* How what stayed rose over the load, as a share of it by the share of the work. */
static double rises(double work)
{
	return work;
}

static double stands_still(double work)
{
	return work < 0.2 ? 5 * work : 1;
}

static double slows_down(double work)
{
	return 1 - (1 - work) * (1 - work) * (1 - work);
}

static double two_steps(double work)
{
	return work < 0.1 ? 0 : work < 0.7 ? 0.5 : 1;
}

static double large_step_first(double work)
{
	return work < 0.05 ? 0 : 0.4 + 0.6 * work;
}

/* As recorded: what two requests hold for a moment covers the floor for a seventh of the work. */
static double rises_covered(double work)
{
	return work > 0.735 && work < 0.885 ? work + 0.2 : work;
}

static double falls_at_the_end(double work)
{
	return work < 0.02 ? 0 : work < 0.99 ? 1.4 : 1;
}

static const struct {
	const char *name;
	double (*shape)(double work);
	double requests, in_flight, more_in_flight; /* the last: at the end, rising from the middle on */
} series_of[] = {
	{ "rises", rises, 400, 4, 4 },
	{ "rises-in-7", rises, 7, 1, 1 },
	{ "rises-in-3-each", rises, 30, 10, 10 },
	{ "stands-still", stands_still, 400, 4, 4 },
	{ "slows-down", slows_down, 400, 4, 4 },
	{ "two-steps", two_steps, 400, 4, 4 },
	{ "ramp", rises, 400, 4, 40 },
	{ "large-step-first", large_step_first, 400, 4, 4 },
	{ "rises-covered", rises_covered, 400, 4, 4 },
	{ "falls-at-the-end", falls_at_the_end, 400, 4, 4 },
	{ "none-is-answered", rises, 400, 4, 4 },
};

#define SERIES_POINTS 60

static void add_series(struct facts *f, const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(series_of); i++) {
		if (strlen(series_of[i].name) != len || memcmp(series_of[i].name, name, len) != 0)
			continue;
		f->point_count = SERIES_POINTS;
		for (size_t k = 0; k < SERIES_POINTS; k++) {
			double work = (double)k / (SERIES_POINTS - 1),
			       base = (double)f->baseline_unreclaimable_bytes.value;
			double end = (double)f->settled_unreclaimable_bytes.value;
			double more = work > 0.5 ? series_of[i].more_in_flight - series_of[i].in_flight : 0;
			uint64_t ended = (uint64_t)(series_of[i].requests * work);
			f->points[k] = (struct facts_point){
				.t_ns = fact_of(k * 100000000),
				.unreclaimable_bytes =
					fact_of((uint64_t)(base + (end - base) * series_of[i].shape(work))),
				.requests = fact_of(strcmp(series_of[i].name, "none-is-answered") == 0 ? 0 : ended),
				.ended = fact_of(ended),
				.bytes = fact_of((uint64_t)(1e8 * work)),
				.in_flight = fact_of((uint64_t)(series_of[i].in_flight + more * 2 * (work - 0.5)))
			};
		}
		return;
	}
	fail_msg("no series is called '%.*s'", (int)len, name);
}

static void change(struct facts *f, const char *changes)
{
	while (*changes != '\0') {
		size_t len = strcspn(changes, ";");
		const char *equals = memchr(changes, '=', len);
		if (equals == NULL)
			fail_msg("no '=' in '%.*s'", (int)len, changes);
		if (equals - changes == 6 && memcmp(changes, "series", 6) == 0) {
			add_series(f, equals + 1, (size_t)(changes + len - equals - 1));
			changes += len + (changes[len] == ';');
			continue;
		}
		const struct fact_row *row = row_named(changes, (size_t)(equals - changes));
		char value[FACTS_TEXT_MAX];
		snprintf(value, sizeof(value), "%.*s", (int)(changes + len - equals - 1), equals + 1);
		if (row->text)
			strcpy((char *)f + row->offset, value);
		else
			*(struct fact *)((char *)f + row->offset) = parse_fact(row, value);
		changes += len + (changes[len] == ';');
	}
}

UNUSED static void make_facts(struct facts *f, const char *changes)
{
	memset(f, 0, sizeof(*f));
	change(f, QUIET);
	change(f, changes);
}

static void verdict_name(const struct verdict *v, char out[64])
{
	snprintf(out, 64, "%s%s%s", outcome_names[v->outcome], v->cause ? "/" : "", v->cause ? v->cause : "");
}

static bool has_line(const struct verdict *v, const char *part)
{
	for (size_t i = 0; i < v->evidence_count; i++)
		if (strstr(v->evidence[i], part) != NULL)
			return true;
	return false;
}

static bool listed(const struct verdict *v)
{
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++)
		if (row->outcome == v->outcome &&
		    (row->cause == NULL ? v->cause == NULL : v->cause != NULL && strcmp(row->cause, v->cause) == 0))
			return true;
	return false;
}

static bool check_case(const struct judge_case *c)
{
	struct facts f;
	struct verdict v;
	char got[64];
	bool ok;

	make_facts(&f, c->changes);
	judge(&f, &v);
	verdict_name(&v, got);
	ok = strcmp(got, c->verdict) == 0 && listed(&v) && v.evidence_count > 0 &&
	     (c->evidence == NULL || has_line(&v, c->evidence));
	if (!ok) {
		print_error("%s: got %s, expected %s with '%s'\n", c->name, got, c->verdict,
			    c->evidence ? c->evidence : "");
		for (size_t i = 0; i < v.evidence_count; i++)
			print_error("    %s\n", v.evidence[i]);
	}
	verdict_release(&v);
	return ok;
}

/* Every row of a table, all of the wrong ones shown. */
UNUSED static void expect_cases(const struct judge_case *cases, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += !check_case(&cases[i]);
	print_message("%zu fact sets, %zu wrong\n", count, wrong);
	assert_int_equal(wrong, 0);
}

/* A cause of these rules that no case reaches is listed and never given. */
UNUSED static void expect_reached(const char *const *verdicts, const struct judge_case *cases, size_t count)
{
	for (; *verdicts != NULL; verdicts++) {
		bool found = false;
		for (size_t i = 0; i < count && !found; i++)
			found = strncmp(cases[i].verdict, *verdicts, strlen(*verdicts)) == 0;
		if (!found)
			fail_msg("no case gives '%s'", *verdicts);
	}
}

#endif
