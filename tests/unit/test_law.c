#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/law.h"

#define MIB 1048576.0

/* clients, files and size once or twice as much: the factorial that runs make. */
struct rounds_of {
	double held_in_flight, held_by_byte, kept_by_request, kept_by_byte;
	double held_noise, kept_noise; /* alternating in sign */
	int outlier;		       /* round that keeps 30 MiB more: a cache that fills once; 0: none */
};

static struct facts make(const struct rounds_of *of)
{
	struct facts f = { .round_count = of->outlier ? 17 : 9, .cap_in_force_bytes = fact_of(4ULL << 30) };
	double level = 10 * MIB;

	for (size_t i = 0; i < f.round_count; i++) {
		unsigned twice = i == 0 ? 7 : ((unsigned)i - 1) % 8;
		double clients = 2 * (1 + (twice & 1)), requests = clients * 3 * (1 + (twice >> 1 & 1));
		double size = 10e6 * (1 + (twice >> 2 & 1)), sign = i % 3 == 0 ? 1 : i % 3 == 1 ? -1 : 0.3;
		double kept =
			of->kept_by_request * requests + of->kept_by_byte * requests * size + of->kept_noise * sign;
		double held = of->held_in_flight * clients + of->held_by_byte * clients * size + of->held_noise * sign;
		if ((int)i == of->outlier && of->outlier > 0)
			kept += 30 * MIB;
		f.rounds[i] = (struct facts_round){ .clients = fact_of((uint64_t)clients),
						    .requests = fact_of((uint64_t)requests),
						    .bytes = fact_of((uint64_t)(requests * size)),
						    .start_bytes = fact_of((uint64_t)level),
						    .end_bytes = fact_of((uint64_t)fmax(0, level + kept)) };
		f.rounds[i].peak_bytes = fact_of((uint64_t)(fmax(level, level + kept) + fmax(0, held)));
		level = fmax(0, level + kept);
	}
	return f;
}

static void the_term_that_carries(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct rounds_of of;
		enum law_kind kind;
		int dominant;
		double coefficient, tolerance;
	} rows[] = {
		{ "64 MiB per upload in flight",
		  { .held_in_flight = 64 * MIB, .held_noise = 2 * MIB },
		  LAW_RISE,
		  LAW_IN_FLIGHT,
		  64 * MIB,
		  3 * MIB },
		{ "the same exactly, without scatter",
		  { .held_in_flight = 64 * MIB },
		  LAW_RISE,
		  LAW_IN_FLIGHT,
		  64 * MIB,
		  2 },
		{ "bodies in memory",
		  { .held_by_byte = 1.5, .held_noise = MIB },
		  LAW_RISE,
		  LAW_BYTES_IN_FLIGHT,
		  1.5,
		  0.2 },
		{ "kept by the request",
		  { .kept_by_request = 3e6, .kept_noise = 1e5 },
		  LAW_KEPT,
		  LAW_REQUESTS,
		  3e6,
		  2e5 },
		{ "the same beside a cache that fills once",
		  { .kept_by_request = 3e6, .kept_noise = 1e5, .outlier = 4 },
		  LAW_KEPT,
		  LAW_REQUESTS,
		  3e6,
		  3e5 },
		{ "kept by the byte", { .kept_by_byte = 0.5, .kept_noise = 1e5 }, LAW_KEPT, LAW_BYTES, 0.5, 0.02 },
		{ "noise alone, kept", { .kept_noise = 5e5 }, LAW_KEPT, -1, 0, 0 },
		{ "noise alone, held", { .held_noise = 5e5 }, LAW_RISE, -1, 0, 0 },
		{ "a peak leaves nothing", { .held_in_flight = 64 * MIB }, LAW_KEPT, -1, 0, 0 },
		{ "a leak holds nothing that comes back", { .kept_by_byte = 0.5 }, LAW_RISE, -1, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts f = make(&rows[i].of);
		struct law law;
		law_fit(&f, rows[i].kind, &law);
		assert_true(law.fitted);
		if (law.dominant != rows[i].dominant)
			fail_msg("%s: got term %d, expected %d", rows[i].name, law.dominant, rows[i].dominant);
		if (law.dominant < 0)
			continue;
		const struct law_coefficient *c = &law.terms[law.dominant];
		if (fabs(c->bytes - rows[i].coefficient) > rows[i].tolerance)
			fail_msg("%s: got %f, expected %f", rows[i].name, c->bytes, rows[i].coefficient);
		if (c->low > rows[i].coefficient + rows[i].tolerance ||
		    c->high < rows[i].coefficient - rows[i].tolerance)
			fail_msg("%s: the interval %f to %f misses %f", rows[i].name, c->low, c->high,
				 rows[i].coefficient);
	}
}

static void too_little_is_no_law(void **state)
{
	(void)state;
	struct rounds_of leak = { .kept_by_request = 3e6 };
	struct facts f = make(&leak);
	struct law law;

	f.round_count = LAW_ROUNDS_MIN - 1;
	law_fit(&f, LAW_KEPT, &law);
	assert_false(law.fitted);
	/* All rounds alike: requests and bytes cannot be told apart. */
	f = make(&leak);
	for (size_t i = 1; i < f.round_count; i++)
		f.rounds[i] = f.rounds[1];
	law_fit(&f, LAW_KEPT, &law);
	assert_false(law.fitted);
	/* A round that was not read. */
	f = make(&leak);
	f.rounds[3].end_bytes = FACT_BROKEN;
	law_fit(&f, LAW_KEPT, &law);
	assert_false(law.fitted);
}

static bool says(const struct verdict *v, const char *text)
{
	for (size_t i = 0; i < v->evidence_count; i++)
		if (strstr(v->evidence[i], text) != NULL)
			return true;
	return false;
}

static void words_and_what_is_left(void **state)
{
	(void)state;
	struct rounds_of leak = { .kept_by_request = 3145728 };
	struct facts f = make(&leak);
	struct verdict v = { .outcome = OUTCOME_GREW, .cause = "leak" };

	law_explain(&f, &v);
	assert_true(says(&v, "3 MiB"));
	assert_true(says(&v, "per request, never returned, the term that carries it"));
	assert_true(says(&v, "something of each request is kept"));
	/* Four GiB less what is there, by 3 MiB each. */
	assert_true(says(&v, " more requests"));
	verdict_release(&v);

	v = (struct verdict){ .outcome = OUTCOME_CRASHED, .cause = "oom-kill" };
	law_explain(&f, &v);
	assert_int_equal(v.evidence_count, 0);
	verdict_release(&v);

	/* 30 MiB every round, whatever the load. */
	struct rounds_of none = { .held_noise = 1 };
	f = make(&none);
	for (size_t i = 0; i < f.round_count; i++)
		f.rounds[i].peak_bytes.value += 30 << 20;
	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "peak" };
	law_explain(&f, &v);
	assert_true(says(&v, "a round on average, which follows neither"));
	assert_true(says(&v, "kept after the load: 0 per request and 0 per byte"));
	verdict_release(&v);
}

static void rounds_through_json(void **state)
{
	(void)state;
	struct rounds_of leak = { .kept_by_request = 3e6 };
	struct facts f = make(&leak), back;
	struct error err = ERROR_INIT;

	f.rounds[2].end_bytes = FACT_BROKEN;
	f.rounds[3].peak_bytes = FACT_NONE;
	json_t *json = facts_to_json(&f);
	assert_int_equal(facts_from_json(&back, json, &err), 0);
	assert_int_equal(back.round_count, f.round_count);
	assert_memory_equal(back.rounds, f.rounds, sizeof(f.rounds[0]) * f.round_count);
	for (int i = 0; i < FACTS_ROUNDS_MAX; i++)
		json_array_append_new(json_object_get(json, "rounds"), json_object());
	assert_int_equal(facts_from_json(&back, json, &err), -1);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_term_that_carries),
		cmocka_unit_test(too_little_is_no_law),
		cmocka_unit_test(words_and_what_is_left),
		cmocka_unit_test(rounds_through_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
