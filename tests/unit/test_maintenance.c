/* run/maintenance.c and judge/passes.c: memory after each pass of the server's maintenance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "facts/facts_json.h"
#include "judge/passes.h"
#include "run/maintenance.h"

#define MIB (1ULL << 20)

static void feed(struct gather *g, uint64_t anon_bytes, uint64_t wal_bytes)
{
	struct sample s = { .reason = SAMPLE_TICK };
	s.memory.field[MEMORY_USAGE] = s.memory.field[MEMORY_ANON] = fact_of(anon_bytes);
	s.memory.field[MEMORY_SHMEM] = s.memory.field[MEMORY_KERNEL] = fact_of(0);
	s.disk.wal_bytes = fact_of(wal_bytes);
	gather_sample(g, &s);
}

static void test_a_pass_is_noted_once(void **state)
{
	(void)state;
	struct facts f = { 0 };
	struct maintenance p = { 0 };
	struct gather g;
	gather_init(&g, &f);
	feed(&g, 10 * MIB, 0);
	maintenance_note(&p, &g, false, 2, 1); /* before the load: says only where the count stands */
	assert_int_equal(f.maintenance_passes.state, FACT_ABSENT);
	maintenance_note(&p, &g, true, 2, 2);
	assert_int_equal(f.maintenance_passes.value, 0);
	assert_int_equal(f.pass_count, 0);
	feed(&g, 11 * MIB, 5 * MIB);
	maintenance_note(&p, &g, true, 3, 3);
	feed(&g, 12 * MIB, 6 * MIB);
	maintenance_note(&p, &g, true, 3, 4); /* the same pass, seen again */
	maintenance_note(&p, &g, true, 5, 5); /* two since */
	assert_int_equal(f.maintenance_passes.value, 3);
	assert_int_equal(f.pass_count, 2);
	assert_int_equal(f.passes[0].number.value, 3);
	assert_int_equal(f.passes[0].seen_ns.value, 3);
	assert_int_equal(f.passes[0].unreclaimable_bytes.value, 11 * MIB);
	assert_int_equal(f.passes[0].wal_bytes.value, 5 * MIB);
	assert_int_equal(f.passes[1].number.value, 5);
	maintenance_sum_up(&f);
	assert_int_equal(f.pass_rise_bytes.value, MIB / 2);
	assert_int_equal(f.pass_wal_rise_bytes.value, MIB / 2);
	gather_release(&g);
}

/* Its count begins at 0 again, and what it finishes is no pass of the first life. */
static void test_a_later_life_is_noted_by_itself(void **state)
{
	(void)state;
	struct facts first = { 0 }, later = { 0 };
	struct maintenance p = { 0 };
	struct gather g;
	gather_init(&g, &first);
	feed(&g, 10 * MIB, 0);
	maintenance_note(&p, &g, true, 1, 1);
	maintenance_note(&p, &g, true, 2, 2);
	p = (struct maintenance){ 0 };
	gather_next_life(&g, &later);
	maintenance_note(&p, &g, true, 1, 3);
	assert_int_equal(first.maintenance_passes.value, 2);
	assert_int_equal(first.pass_count, 2);
	assert_int_equal(later.maintenance_passes.value, 1);
	assert_int_equal(later.pass_count, 1);
	gather_release(&g);
}

static void test_of_many_passes_an_even_choice_is_kept(void **state)
{
	(void)state;
	struct facts f = { 0 };
	struct maintenance p = { 0 };
	struct gather g;
	gather_init(&g, &f);
	for (uint64_t n = 1; n <= 1000; n++) {
		feed(&g, 10 * MIB + n * 1000, 0);
		maintenance_note(&p, &g, true, n, n);
	}
	assert_int_equal(f.maintenance_passes.value, 1000);
	assert_in_range(f.pass_count, FACTS_PASSES_MAX / 2, FACTS_PASSES_MAX);
	assert_int_equal(f.passes[0].number.value, 1);
	for (size_t i = 1; i < f.pass_count; i++)
		assert_int_equal(f.passes[i].number.value - f.passes[i - 1].number.value, 16);
	assert_in_range(f.passes[f.pass_count - 1].number.value, 1000 - 16, 1000);
	maintenance_sum_up(&f);
	assert_int_equal(f.pass_rise_bytes.value, 1000); /* a pass, not a kept one */
	gather_release(&g);
}

static void test_what_the_evidence_says(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		double kib[8]; /* after each pass */
		size_t count;
		uint64_t rise_kib;
		const char *line; /* NULL: no line */
	} rows[] = {
		{ "flat",
		  { 9000, 9010, 9000, 9005, 8990, 9010, 9000, 9000 },
		  8,
		  0,
		  "no rise that can be told from noise" },
		{ "half a MiB a pass",
		  { 9000, 9500, 10020, 10480, 11000, 11510, 12000, 12490 },
		  8,
		  499,
		  "something stays each time" },
		{ "one pass out of line",
		  { 9000, 9000, 9000, 16000, 9000, 9000, 9000, 9000 },
		  8,
		  0,
		  "no rise that can be told from noise" },
		{ "rises, but by next to nothing",
		  { 9000, 9010, 9020, 9030, 9040, 9050, 9060, 9070 },
		  8,
		  10,
		  "no rise that can be told from noise" },
		{ "much scatter",
		  { 9000, 12000, 8000, 13000, 9500, 12500, 9900, 13500 },
		  8,
		  362,
		  "no rise that can be told from noise" },
		{ "falls", { 9000, 8900, 8800, 8700, 8600, 8500, 8400, 8300 }, 8, 0, "no rise" },
		{ "too few", { 9000, 9500, 10000 }, 3, 500, "too few passes" },
		{ "one", { 9000 }, 1, 0, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = { .pass_count = rows[i].count };
		struct verdict v = { .outcome = OUTCOME_STEADY };
		for (size_t n = 0; n < rows[i].count; n++)
			f.passes[n] = (struct facts_pass){
				.number = fact_of(n + 1),
				.unreclaimable_bytes = fact_of((uint64_t)(rows[i].kib[n] * 1024)),
			};
		maintenance_sum_up(&f);
		passes_explain(&f, &v);
		uint64_t rise_kib = f.pass_rise_bytes.value / 1024;
		if (rise_kib + 2 < rows[i].rise_kib || rise_kib > rows[i].rise_kib + 2)
			fail_msg("%s: got a rise of %llu KiB", rows[i].what, (unsigned long long)rise_kib);
		if (rows[i].line == NULL)
			assert_int_equal(v.evidence_count, 0);
		else if (v.evidence_count != 2 || strstr(v.evidence[1], rows[i].line) == NULL)
			fail_msg("%s: got '%s'", rows[i].what, v.evidence_count == 2 ? v.evidence[1] : "no line");
		verdict_release(&v);
		v = (struct verdict){ .outcome = OUTCOME_INVALID };
		passes_explain(&f, &v);
		assert_int_equal(v.evidence_count, 0);
	}
}

static void test_steps_in_words(void **state)
{
	(void)state;
	struct verdict v = { .outcome = OUTCOME_GREW };
	struct facts f = { .pass_count = 3 };
	const uint64_t unreclaimable[] = { 10, 11, 15 }, wal[] = { 30, 30, 60 };
	for (size_t i = 0; i < 3; i++)
		f.passes[i] = (struct facts_pass){ .number = fact_of(i + 1),
						   .unreclaimable_bytes = fact_of(unreclaimable[i] * MIB),
						   .wal_bytes = fact_of(wal[i] * MIB),
						   .usage_bytes = FACT_BROKEN };
	passes_explain(&f, &v);
	assert_string_equal(
		v.evidence[0],
		"after pass 3 of its maintenance: unreclaimable +5 MiB against pass 1, charge unknown, log +30 MiB; "
		"the steepest rise since the pass before: +4 MiB after pass 3");
	verdict_release(&v);
}

static void test_passes_in_json(void **state)
{
	(void)state;
	struct facts f = { .pass_count = 1 }, back;
	struct error err = ERROR_INIT;
	f.passes[0] = (struct facts_pass){ .number = fact_of(7), .wal_bytes = FACT_BROKEN };
	json_t *json = facts_to_json(&f);
	assert_int_equal(facts_from_json(&back, json, &err), 0);
	assert_int_equal(back.pass_count, 1);
	assert_int_equal(back.passes[0].number.value, 7);
	assert_int_equal(back.passes[0].wal_bytes.state, FACT_UNREADABLE);
	assert_int_equal(back.passes[0].anon_bytes.state, FACT_ABSENT);
	json_decref(json);
	json = json_pack("{s:[{s:i}, {s:s}]}", "passes", "number", 1, "number", "x");
	assert_int_equal(facts_from_json(&back, json, &err), -1);
	assert_string_equal(err.message,
			    "item 2 of 'passes': fact 'number' is not a figure, null or {\"state\":\"unreadable\"}");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pass_is_noted_once),
		cmocka_unit_test(test_of_many_passes_an_even_choice_is_kept),
		cmocka_unit_test(test_what_the_evidence_says),
		cmocka_unit_test(test_steps_in_words),
		cmocka_unit_test(test_a_later_life_is_noted_by_itself),
		cmocka_unit_test(test_passes_in_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
