/* run/gather.c and record/requests.c: samples to facts, transfers to lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "run/gather.h"
#include "record/requests.h"

#define MIB (1ULL << 20)

static struct sample make_sample(uint64_t t_ms, uint64_t anon_mib, uint64_t file_mib, enum sample_reason reason)
{
	struct sample s = { .t_ns = t_ms * NS_PER_MS, .reason = reason };
	s.memory.field[MEMORY_USAGE] = fact_of((anon_mib + file_mib) * MIB);
	s.memory.field[MEMORY_ANON] = fact_of(anon_mib * MIB);
	s.memory.field[MEMORY_FILE] = fact_of(file_mib * MIB);
	s.memory.field[MEMORY_SHMEM] = fact_of(0);
	s.memory.field[MEMORY_KERNEL] = fact_of(0);
	s.memory.field[MEMORY_PGMAJFAULT] = fact_of(t_ms);
	return s;
}

static void take(struct gather *g, uint64_t t_ms, uint64_t anon_mib, uint64_t file_mib, enum sample_reason reason)
{
	struct sample s = make_sample(t_ms, anon_mib, file_mib, reason);
	gather_sample(g, &s);
}

static void expect_mib(const char *what, struct fact got, uint64_t expected_mib)
{
	if (!fact_known(got) || got.value != expected_mib * MIB)
		fail_msg("%s: got %llu (state %d), expected %llu MiB", what, (unsigned long long)got.value, got.state,
			 (unsigned long long)expected_mib);
}

static void test_phases(void **state)
{
	(void)state;
	struct facts f = { 0 };
	struct gather g;
	gather_init(&g, &f);
	take(&g, 1, 90, 0, SAMPLE_TICK); /* start and prepare are no part of the load's peak */
	assert_int_equal(f.peak_anon_bytes.state, FACT_ABSENT);
	gather_phase(&g, GATHER_BASELINE);
	take(&g, 10, 5, 1, SAMPLE_TICK);
	take(&g, 20, 6, 2, SAMPLE_TICK);
	gather_phase(&g, GATHER_LOAD);
	take(&g, 30, 50, 10, SAMPLE_TICK);
	take(&g, 40, 20, 100, SAMPLE_TICK);
	gather_phase(&g, GATHER_SETTLE);
	take(&g, 50, 12, 90, SAMPLE_TICK);
	take(&g, 60, 11, 80, SAMPLE_TICK);
	gather_phase(&g, GATHER_AFTER);
	take(&g, 70, 13, 120, SAMPLE_TICK);
	gather_phase(&g, GATHER_COLLECT);
	take(&g, 80, 9, 70, SAMPLE_TICK);
	take(&g, 90, 7, 70, SAMPLE_TICK);
	gather_phase(&g, GATHER_AFTER);
	take(&g, 95, 8, 0, SAMPLE_TICK);
	expect_mib("collected unreclaimable", f.collected_unreclaimable_bytes, 7);
	expect_mib("baseline anon", f.baseline_anon_bytes, 6);
	expect_mib("baseline usage", f.baseline_usage_bytes, 8);
	expect_mib("peak anon", f.peak_anon_bytes, 50);
	expect_mib("peak file, the read-back's not included", f.peak_file_bytes, 100);
	expect_mib("peak unreclaimable", f.peak_unreclaimable_bytes, 50);
	expect_mib("settled anon", f.settled_anon_bytes, 11);
	expect_mib("settled usage", f.settled_usage_bytes, 91);
	assert_int_equal(f.load_major_faults.value, 20); /* from the baseline's last sample to the load's last */
	gather_release(&g);
}

/* What the start held and gave back is no ground to overlook what the load took. */
static void test_rise_below_the_baseline(void **state)
{
	(void)state;
	struct facts f = { 0 };
	struct gather g;
	gather_init(&g, &f);
	gather_phase(&g, GATHER_BASELINE);
	take(&g, 10, 40, 5, SAMPLE_TICK);
	gather_phase(&g, GATHER_LOAD);
	take(&g, 20, 44, 5, SAMPLE_TICK);
	expect_mib("no fall", f.private_fall_bytes, 0);
	expect_mib("rise over the baseline", f.private_rise_bytes, 4);
	take(&g, 30, 12, 90, SAMPLE_TICK);
	take(&g, 40, 37, 90, SAMPLE_TICK);
	gather_phase(&g, GATHER_SETTLE);
	take(&g, 50, 10, 5, SAMPLE_TICK);
	take(&g, 60, 11, 5, SAMPLE_TICK);
	expect_mib("fall", f.private_fall_bytes, 30);
	expect_mib("rise over the lowest before it", f.private_rise_bytes, 25);
	struct sample swapped = make_sample(70, 2, 5, SAMPLE_TICK);
	swapped.memory.field[MEMORY_SWAP] = fact_of(9 * MIB);
	gather_sample(&g, &swapped);
	expect_mib("what is swapped out was not given back", f.private_fall_bytes, 30);
	gather_phase(&g, GATHER_STOP);
	take(&g, 80, 0, 0, SAMPLE_TICK);
	expect_mib("its end is no fall", f.private_fall_bytes, 30);
	gather_release(&g);
}

static void test_death(void **state)
{
	static const struct {
		const char *what;
		struct {
			uint64_t t_ms, anon_mib;
			enum sample_reason reason;
		} samples[6];
		uint64_t end_ms, anon_mib;
		int known;
	} rows[] = {
		{ "the fullest of the last second",
		  { { 100, 200, 0 }, { 1500, 150, 0 }, { 1900, 3, 0 } },
		  2000,
		  150,
		  1 },
		{ "the event, not a fuller sample before it",
		  { { 1500, 250, 0 }, { 1600, 240, SAMPLE_OOM }, { 1900, 3, 0 } },
		  2000,
		  240,
		  1 },
		{ "the event of a server that takes seconds to be gone",
		  { { 1600, 240, SAMPLE_OOM }, { 4900, 3, 0 } },
		  5000,
		  240,
		  1 },
		{ "the fullest of a burst of events",
		  { { 1600, 240, SAMPLE_OOM }, { 1700, 255, SAMPLE_OOM }, { 1800, 20, SAMPLE_OOM } },
		  2000,
		  255,
		  1 },
		{ "an event of long ago is not this death",
		  { { 1600, 240, SAMPLE_OOM }, { 19900, 77, 0 } },
		  20000,
		  77,
		  1 },
		{ "what came after the end does not count", { { 1900, 60, 0 }, { 2100, 99, 0 } }, 2000, 60, 1 },
		{ "nothing was seen", { { 100, 200, 0 } }, 5000, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = { 0 };
		struct gather g;
		gather_init(&g, &f);
		for (size_t k = 0; k < 6 && rows[i].samples[k].t_ms != 0; k++)
			take(&g, rows[i].samples[k].t_ms, rows[i].samples[k].anon_mib, 1, rows[i].samples[k].reason);
		gather_death(&g, rows[i].end_ms * NS_PER_MS);
		if (rows[i].known)
			expect_mib(rows[i].what, f.death_anon_bytes, rows[i].anon_mib);
		else if (f.death_anon_bytes.state != FACT_ABSENT)
			fail_msg("%s: got a composition", rows[i].what);
		gather_release(&g);
	}
}

/* The end is seen seconds after it, when all is gone, and no event told of it. */
static void test_death_seen_late(void **state)
{
	static const struct {
		const char *what;
		bool counted, had_memory;
		uint64_t late_ms, anon_mib;
	} rows[] = {
		{ "a kill, seen after 1.2 s", true, false, 1200, 149 },
		{ "a kill, seen after 2.2 s", true, false, 2200, 149 },
		{ "a kill, seen after 8 s", true, true, 8000, 149 },
		{ "an exit, seen after 2.2 s", false, true, 2200, 149 },
		{ "an exit, seen after 8 s", false, true, 8000, 149 },
		{ "an exit, seen at once", false, true, 1, 149 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts f = { 0 };
		struct gather g;
		gather_init(&g, &f);
		for (uint64_t t = 1000; t < 1500 + rows[i].late_ms; t += 1) {
			struct sample s = make_sample(t, t < 1500 ? t / 10 : 2, 1, SAMPLE_DENSE);
			if (rows[i].had_memory && t < 1500)
				s.process.main_rss_anon_bytes = fact_of(t / 10 * MIB);
			if (rows[i].counted)
				s.memory.field[MEMORY_OOM_KILL] = fact_of(t >= 1500);
			gather_sample(&g, &s);
		}
		gather_death(&g, (1500 + rows[i].late_ms) * NS_PER_MS);
		expect_mib(rows[i].what, f.death_anon_bytes, rows[i].anon_mib);
		assert_int_equal(g.last_second.to_ns, 1499 * NS_PER_MS);
		gather_release(&g);
	}
}

/* More samples than the ring holds: the newest are the ones kept. */
static void test_ring_keeps_the_newest(void **state)
{
	(void)state;
	struct facts f = { 0 };
	struct gather g;
	gather_init(&g, &f);
	for (uint64_t i = 0; i < 3 * GATHER_RECENT; i++)
		take(&g, 1 + i / 4, i < 2 * GATHER_RECENT ? 99 : 42, 0, SAMPLE_DENSE);
	gather_death(&g, (1 + 3 * GATHER_RECENT / 4) * NS_PER_MS);
	expect_mib("anon at death", f.death_anon_bytes, 42);
	gather_release(&g);
}

/* Ticks for two seconds, every ms in the last 300; the kill; what is left after it. */
static void test_last_second(void **state)
{
	static const uint64_t steps_ms[] = { 1000, 1500, 1800, 1900, 1950, 1980, 1990, 2000 };
	struct facts f = { 0 };
	struct gather g;

	(void)state;
	gather_init(&g, &f);
	for (uint64_t t = 10; t <= 1700; t += 10)
		take(&g, t, t / 10, 1, SAMPLE_TICK);
	for (uint64_t t = 1701; t < 2000; t++)
		take(&g, t, t / 10, 1, SAMPLE_DENSE);
	take(&g, 2000, 201, 1, SAMPLE_OOM);
	for (uint64_t t = 2001; t < 2400; t++)
		take(&g, t, 2, 1, SAMPLE_DENSE);
	gather_death(&g, 2400 * NS_PER_MS);
	assert_int_equal(g.last_second.from_ns, 1000 * NS_PER_MS);
	assert_int_equal(g.last_second.to_ns, 2000 * NS_PER_MS);
	assert_int_equal(g.last_second.samples, 71 + 299 + 1);
	assert_int_equal(g.last_second.gap_max_ns, 10 * NS_PER_MS);
	assert_int_equal(g.last_second.steps, LAST_SECOND_STEPS);
	for (size_t i = 0; i < LAST_SECOND_STEPS; i++)
		assert_int_equal(g.last_second.step[i].t_ns, steps_ms[i] * NS_PER_MS);
	gather_release(&g);
}

/* Told of the kill only after it: the last second ends where it was not counted yet. */
static void test_last_second_of_a_late_event(void **state)
{
	struct facts f = { 0 };
	struct gather g;

	(void)state;
	gather_init(&g, &f);
	for (uint64_t t = 1000; t < 1500; t += 10)
		take(&g, t, t / 10, 1, SAMPLE_TICK);
	struct sample late = make_sample(1500, 20, 1, SAMPLE_DENSE);
	late.memory.field[MEMORY_OOM_KILL] = fact_of(1);
	gather_sample(&g, &late);
	late.t_ns += NS_PER_MS;
	late.reason = SAMPLE_OOM;
	gather_sample(&g, &late);
	assert_int_equal(g.last_second.to_ns, 1490 * NS_PER_MS);
	assert_int_equal(g.last_second.samples, 50);
	expect_mib("the charge at death", f.death_anon_bytes, 149);
	gather_release(&g);
}

/* A server younger than a second has no step of a second before. */
static void test_last_second_of_a_young_server(void **state)
{
	struct facts f = { 0 };
	struct gather g;

	(void)state;
	gather_init(&g, &f);
	assert_int_equal(g.last_second.samples, 0);
	take(&g, 850, 5, 1, SAMPLE_TICK);
	take(&g, 1000, 50, 1, SAMPLE_OOM);
	assert_int_equal(g.last_second.samples, 2);
	assert_int_equal(g.last_second.steps, 2);
	assert_int_equal(g.last_second.step[0].t_ns, 850 * NS_PER_MS);
	gather_release(&g);
}

/* What the main process does not hold of the private memory; unknown when either is. */
static void test_children(void **state)
{
	struct facts f = { 0 };
	struct gather g;
	struct sample s = make_sample(1000, 60, 1, SAMPLE_TICK);

	(void)state;
	gather_init(&g, &f);
	gather_phase(&g, GATHER_BASELINE);
	s.process.rss_anon_bytes = fact_of(4 * MIB);
	gather_sample(&g, &s);
	assert_int_equal(f.baseline_children_anon_bytes.state, FACT_ABSENT);
	s.process.main_rss_anon_bytes = fact_of(3 * MIB);
	gather_sample(&g, &s);
	expect_mib("children before the load", f.baseline_children_anon_bytes, 1);
	s.reason = SAMPLE_OOM;
	s.process.rss_anon_bytes = fact_of(50 * MIB);
	gather_sample(&g, &s);
	expect_mib("children at death", f.death_children_anon_bytes, 47);
	gather_release(&g);
}

/* The points of a load stay within their number, evenly spaced, its end among them, each the lowest of its stretch. */
static void test_series(void **state)
{
	static const size_t samples[] = { 2, 63, 64, 65, 1000, 100000 };
	(void)state;
	for (size_t row = 0; row < COUNT(samples); row++) {
		struct facts f = { 0 };
		struct gather g;
		size_t n = samples[row];
		gather_init(&g, &f);
		gather_phase(&g, GATHER_BASELINE);
		take(&g, 1, 5, 0, SAMPLE_TICK);
		gather_phase(&g, GATHER_LOAD);
		for (size_t i = 0; i < n; i++) {
			struct series_work work = { .t_ns = (2 + i) * NS_PER_MS,
						    .requests = i * 2,
						    .ended = i * 3,
						    .bytes = i * 1000,
						    .in_flight = i == n / 2 ? 9 : 1 };
			gather_work(&g, &work);
			if (i == 0)
				take(&g, 1, 1, 0, SAMPLE_TICK);		  /* handed over late: of before the load */
			take(&g, 2 + i, 5 + i % 2 * 100, 0, SAMPLE_TICK); /* a buffer comes and goes */
		}
		gather_points(&g);
		const struct facts_point *last = &f.points[f.point_count - 1];
		uint64_t most = 0, before = 0;
		if (f.point_count > FACTS_POINTS_MAX || f.point_count < (n < 32 ? n : 32))
			fail_msg("%zu samples: got %zu points", n, f.point_count);
		if (last->t_ns.value != (n - 1) * NS_PER_MS || last->ended.value != (n - 1) * 3)
			fail_msg("%zu samples: the last point is not the end", n);
		for (size_t i = 0; i < f.point_count; i++) {
			const struct facts_point *p = &f.points[i];
			if (p->t_ns.value < before || p->t_ns.value > last->t_ns.value ||
			    p->requests.value * 3 != p->ended.value * 2)
				fail_msg("%zu samples: point %zu is not in order", n, i);
			if (n >= 1000 && i + 1 < f.point_count)
				expect_mib("the lowest of a stretch", p->unreclaimable_bytes, 5);
			before = p->t_ns.value;
			most = p->in_flight.value > most ? p->in_flight.value : most;
		}
		assert_int_equal(most, 9);
		gather_release(&g);
	}
}

/* What the rig does after the load is settled raises no peak: neither its reading back nor its asking back. */
static void test_nothing_later_is_a_peak(void **state)
{
	(void)state;
	struct facts f = { 0 };
	struct gather g;
	gather_init(&g, &f);
	gather_phase(&g, GATHER_BASELINE);
	take(&g, 1, 5, 0, SAMPLE_TICK);
	gather_phase(&g, GATHER_LOAD);
	take(&g, 2, 20, 0, SAMPLE_TICK);
	gather_phase(&g, GATHER_SETTLE);
	take(&g, 3, 10, 0, SAMPLE_TICK);
	gather_phase(&g, GATHER_COLLECT);
	take(&g, 4, 8, 0, SAMPLE_TICK);
	gather_phase(&g, GATHER_AFTER);
	take(&g, 5, 90, 0, SAMPLE_TICK);
	expect_mib("peak", f.peak_unreclaimable_bytes, 20);
	expect_mib("settled", f.settled_unreclaimable_bytes, 10);
	expect_mib("collected", f.collected_unreclaimable_bytes, 8);
	expect_mib("rise", f.private_rise_bytes, 15);
	gather_release(&g);
}

static void test_request_row(void **state)
{
	struct load_request r = { .sequence = 7,
				  .group = "a \"b\"",
				  .client = 2,
				  .kind = REQUEST_UPLOAD,
				  .end = END_TRANSPORT,
				  .size_bytes = 100,
				  .sent_bytes = 40,
				  .intended_ns = 1000,
				  .started_ns = 1500,
				  .verify = VERIFY_CORRUPT,
				  .corrupt_at = 12,
				  .curl_code = 55,
				  .error = "broken\npipe, really" };
	struct buf header = BUF_INIT, row = BUF_INIT;
	(void)state;
	request_csv_header(&header);
	request_csv_row(&r, "load", 2, 500, &row);
	char *expected = xasprintf("7,load,\"a \"\"b\"\"\",2,%s,%s,0,0,0,100,40,0,500,1000,,,,corrupt,12,55,"
				   "\"broken\\npipe, really\",2",
				   request_kind_names[REQUEST_UPLOAD], request_end_names[END_TRANSPORT]);
	assert_string_equal(buf_str(&row), expected);
	size_t header_commas = 0, row_commas = 0;
	for (const char *c = header.data; *c != '\0'; c++)
		header_commas += *c == ',';
	for (const char *c = row.data; *c != '\0'; c++)
		row_commas += *c == ',';
	assert_int_equal(row_commas, header_commas + 1); /* one stands inside the quoted error */
	free(expected);
	buf_release(&header);
	buf_release(&row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_rise_below_the_baseline),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_death_seen_late),
		cmocka_unit_test(test_ring_keeps_the_newest),
		cmocka_unit_test(test_last_second),
		cmocka_unit_test(test_last_second_of_a_late_event),
		cmocka_unit_test(test_last_second_of_a_young_server),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_nothing_later_is_a_peak),
		cmocka_unit_test(test_request_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
