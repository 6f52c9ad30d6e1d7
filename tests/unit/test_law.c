#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "judge/law.h"
#include "facts/facts_json.h"
#include "record/verdict_json.h"

#define MIB 1048576.0
#define RIGHT_MIN 930

struct rounds_of {
	double held_in_flight, held_by_byte, held_by_request, kept_by_request, kept_by_byte;
	double held_noise, kept_noise; /* alternating in sign */
	double kept_by_round;
	int outlier;  /* round that keeps and holds 30 MiB more; 0: none */
	bool ratchet; /* what was held once is given back with the next larger peak only */
	bool one_size;
};

/* The factorial that runs make: the warm-up, then clients 1 or 3, sizes and files 1 or 2. */
static struct facts make(const struct rounds_of *of)
{
	struct facts f = { .round_count = 9, .cap_in_force_bytes = fact_of(4ULL << 30) };
	double level = 10 * MIB, stuck = 0;

	for (size_t i = 0; i < f.round_count; i++) {
		unsigned step = i == 0 ? 0 : (unsigned)i - 1;
		double clients = 2 * (step & 4 ? 3 : 1), requests = clients * 3 * (i == 0 ? 12 : step & 1 ? 2 : 1);
		double size = 10e6 * (step & 2 && !of->one_size ? 2 : 1), sign = i % 3 == 0 ? 1 : i % 3 == 1 ? -1 : 0.3;
		double kept = of->kept_by_request * requests + of->kept_by_byte * requests * size +
			      of->kept_noise * sign + of->kept_by_round;
		double held = of->held_in_flight * clients + of->held_by_byte * clients * size +
			      of->held_by_request * requests + of->held_noise * sign;
		if ((int)i == of->outlier && of->outlier > 0) {
			kept += 30 * MIB;
			held += 30 * MIB;
		}
		f.rounds[i] = (struct facts_round){ .clients = fact_of((uint64_t)clients),
						    .requests = fact_of((uint64_t)requests),
						    .bytes = fact_of((uint64_t)(requests * size)),
						    .start_bytes = fact_of((uint64_t)(level + stuck)) };
		double peak = fmax(level, level + kept) + fmax(stuck, fmax(0, held));
		level = fmax(0, level + kept);
		stuck = of->ratchet ? fmax(stuck, held) : 0;
		f.rounds[i].peak_bytes = fact_of((uint64_t)peak);
		f.rounds[i].end_bytes = fact_of((uint64_t)(level + stuck));
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
		  LAW_HELD,
		  LAW_IN_FLIGHT,
		  64 * MIB,
		  3 * MIB },
		{ "the same exactly, without scatter",
		  { .held_in_flight = 64 * MIB },
		  LAW_HELD,
		  LAW_IN_FLIGHT,
		  64 * MIB,
		  2 },
		{ "bodies in memory",
		  { .held_by_byte = 1.5, .held_noise = MIB },
		  LAW_HELD,
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
		{ "the same when that is the last round",
		  { .kept_by_request = 3e6, .kept_noise = 1e5, .outlier = 8 },
		  LAW_KEPT,
		  LAW_REQUESTS,
		  3e6,
		  3e5 },
		{ "bodies in memory, beside one round that holds more",
		  { .held_by_byte = 1.5, .held_noise = MIB, .outlier = 8 },
		  LAW_HELD,
		  LAW_BYTES_IN_FLIGHT,
		  1.5,
		  0.2 },
		{ "memory that is not given back before a larger peak",
		  { .held_in_flight = 20 * MIB, .held_noise = MIB, .ratchet = true },
		  LAW_HELD,
		  LAW_IN_FLIGHT,
		  20 * MIB,
		  2 * MIB },
		{ "kept by the request, in rounds that scatter widely",
		  { .kept_by_request = 1e6, .kept_noise = 1.4e7 },
		  LAW_KEPT,
		  LAW_REQUESTS,
		  1e6,
		  3e5 },
		{ "as much in each round, whatever was asked for",
		  { .kept_noise = 1e5, .kept_by_round = 8e6 },
		  LAW_KEPT,
		  -1,
		  0,
		  0 },
		{ "such memory is not kept by the request",
		  { .held_in_flight = 20 * MIB, .held_noise = MIB, .ratchet = true },
		  LAW_KEPT,
		  -1,
		  0,
		  0 },
		{ "a cache that fills once, with no more in flight",
		  { .held_noise = 2 * MIB, .outlier = 6 },
		  LAW_HELD,
		  -1,
		  0,
		  0 },
		{ "clean-up that falls behind",
		  { .held_by_request = 2 * MIB, .held_noise = MIB },
		  LAW_HELD,
		  LAW_REQUESTS,
		  2 * MIB,
		  MIB / 4 },
		{ "all of one size: by the request, not undecided",
		  { .kept_by_request = 3e6, .kept_noise = 1e5, .one_size = true },
		  LAW_KEPT,
		  LAW_REQUESTS,
		  3e6,
		  2e5 },
		{ "kept by the byte", { .kept_by_byte = 0.5, .kept_noise = 1e5 }, LAW_KEPT, LAW_BYTES, 0.5, 0.02 },
		{ "noise alone, kept", { .kept_noise = 5e5 }, LAW_KEPT, -1, 0, 0 },
		{ "noise alone, held", { .held_noise = 5e5 }, LAW_HELD, -1, 0, 0 },
		{ "a peak leaves nothing", { .held_in_flight = 64 * MIB }, LAW_KEPT, -1, 0, 0 },
		{ "a leak holds nothing that comes back", { .kept_by_byte = 0.5 }, LAW_HELD, -1, 0, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = make(&rows[i].of);
		struct law laws[LAWS], law;
		laws_fit(&f, laws);
		law = laws[rows[i].kind];
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
	struct law laws[LAWS];

	f.round_count = LAW_ROUNDS_MIN - 1;
	laws_fit(&f, laws);
	assert_false(laws[LAW_KEPT].fitted);
	/* All rounds alike: clients and requests cannot be told apart. */
	f = make(&leak);
	for (size_t i = 1; i < f.round_count; i++)
		f.rounds[i] = f.rounds[1];
	laws_fit(&f, laws);
	assert_false(laws[LAW_HELD].fitted);
	/* A round that was not read. */
	f = make(&leak);
	f.rounds[3].end_bytes = FACT_BROKEN;
	laws_fit(&f, laws);
	assert_false(laws[LAW_KEPT].fitted);
}

static void one_round_of_eight_may_be_left_out(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct rounds_of of;
		size_t left_out; /* 1-based, 0: none */
	} rows[] = {
		{ "a round far off", { .kept_by_request = 3e6, .kept_noise = 1e5, .outlier = 4 }, 5 },
		{ "scatter is no reason", { .kept_by_request = 3e6, .kept_noise = 3e7 }, 0 },
		{ "nor is an exact law", { .kept_by_request = 3e6 }, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = make(&rows[i].of);
		struct law laws[LAWS];
		laws_fit(&f, laws);
		size_t got = laws[LAW_KEPT].left_out_count > 0 ? laws[LAW_KEPT].left_out[0] : 0;
		if (got != rows[i].left_out || laws[LAW_KEPT].left_out_count > 1)
			fail_msg("%s: got round %zu of %zu, expected %zu", rows[i].name, got,
				 laws[LAW_KEPT].left_out_count, rows[i].left_out);
	}
}

static void the_class(void **state)
{
	(void)state;
	static const struct {
		struct rounds_of of;
		const char *class;
	} rows[] = {
		{ { .held_in_flight = 20 * MIB }, "per-request-in-flight" },
		{ { .held_by_byte = 1 }, "per-byte-in-flight" },
		{ { .held_by_request = 2 * MIB }, "per-request-late" },
		{ { .kept_by_request = 3e6 }, "per-request-kept" },
		{ { .kept_by_byte = 1 }, "per-byte-kept" },
		{ { .held_in_flight = 20 * MIB, .kept_by_byte = 1 }, "per-byte-kept" }, /* what explains more */
		{ { .held_in_flight = 200 * MIB, .kept_by_byte = 0.1 }, "per-request-in-flight" },
		{ { .held_noise = 3e7 }, "unexplained" },
		{ { .held_noise = 1e5, .kept_noise = 1e5 }, "bounded" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = make(&rows[i].of);
		struct verdict v = { .outcome = OUTCOME_GREW };
		json_t *json = verdict_to_json(&v, &f, &(struct expectation){ .count = 0 });
		const char *class = json_string_value(json_object_get(json_object_get(json, "law"), "class"));
		if (class == NULL || strcmp(class, rows[i].class) != 0)
			fail_msg("got %s, expected %s", class ? class : "none", rows[i].class);
		json_decref(json);
		f.rounds[2].peak_bytes = FACT_BROKEN;
		json = law_to_json(&f);
		assert_string_equal(json_string_value(json_object_get(json, "class")), "undetermined");
		json_decref(json);
	}
}

/* Uniform, with a standard deviation of 1; the same in every run. */
static double scatter(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((double)(*state >> 11) / 0x1p53 - 0.5) * sqrt(12);
}

/* Rounds that scatter and follow nothing: docs/verdicts.md gives these rates. */
static void scatter_is_seldom_a_law(void **state)
{
	(void)state;
	static const struct {
		double held, kept; /* MiB */
		int kept_named_max, held_named_max;
	} rows[] = { { 10, 0.5, 0, 40 }, { 10, 10, 30, 200 } };
	const struct rounds_of nothing = { .held_noise = 0 };
	uint64_t seed = 1;

	for (size_t row = 0; row < COUNT(rows); row++) {
		int kept_named = 0, held_named = 0;
		for (int run = 0; run < 1000; run++) {
			struct facts f = make(&nothing);
			double level = 200 * MIB;
			for (size_t i = 0; i < f.round_count; i++) {
				double end = level + rows[row].kept * MIB * scatter(&seed);
				f.rounds[i].start_bytes = fact_of((uint64_t)level);
				f.rounds[i].end_bytes = fact_of((uint64_t)end);
				f.rounds[i].peak_bytes = fact_of(
					(uint64_t)(fmax(level, end) + (20 + rows[row].held * scatter(&seed)) * MIB));
				level = end;
			}
			struct law laws[LAWS];
			laws_fit(&f, laws);
			kept_named += laws[LAW_KEPT].dominant >= 0;
			held_named += laws[LAW_HELD].dominant >= 0;
		}
		if (kept_named > rows[row].kept_named_max || held_named > rows[row].held_named_max)
			fail_msg("level %g, scatter %g MiB: of 1000 runs %d keep and %d hold by a law", rows[row].kept,
				 rows[row].held, kept_named, held_named);
	}
}

/* Peaks of buffers that meet by chance scatter by a fifth of their height: docs/verdicts.md gives this rate. */
static void scatter_in_proportion_hides_no_law(void **state)
{
	(void)state;
	const struct rounds_of buffers = { .held_in_flight = 15 * MIB };
	int right = 0;
	uint64_t seed = 1;

	for (int run = 0; run < 1000; run++) {
		struct facts f = make(&buffers);
		for (size_t i = 0; i < f.round_count; i++) {
			struct facts_round *r = &f.rounds[i];
			double held = (double)(r->peak_bytes.value - r->end_bytes.value);
			r->peak_bytes.value = r->end_bytes.value + (uint64_t)(held * (1 + 0.2 * scatter(&seed)));
		}
		struct law laws[LAWS];
		laws_fit(&f, laws);
		right += laws[LAW_HELD].dominant == LAW_IN_FLIGHT;
	}
	if (right < RIGHT_MIN)
		fail_msg("of 1000 runs %d were right", right);
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
	assert_true(says(&v, "the cap is reached after another"));
	verdict_release(&v);

	v = (struct verdict){ .outcome = OUTCOME_CRASHED, .cause = "oom-kill" };
	law_explain(&f, &v);
	assert_int_equal(v.evidence_count, 0);
	verdict_release(&v);

	/* The leak comes first, and nothing above it says that all is well. */
	f = make(&leak);
	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "leak" };
	law_explain(&f, &v);
	assert_non_null(strstr(v.evidence[0], "per request, never returned"));
	assert_false(says(&v, "whatever the load"));
	assert_true(says(&v, "held under load and given back: nothing beside what is kept"));
	verdict_release(&v);

	/* What is held comes first where only that carries a law: the all-clear of the other stands below it. */
	struct rounds_of held = { .held_in_flight = 20 * MIB };
	f = make(&held);
	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "peak" };
	law_explain(&f, &v);
	assert_non_null(strstr(v.evidence[0], "per request in flight, the term that carries it"));
	assert_true(says(&v, "kept after the load: bounded, whatever the load: 0 per request and 0 per byte"));
	verdict_release(&v);

	/* Up and down, whatever the load. */
	struct rounds_of none = { .held_noise = 3e7 };
	f = make(&none);
	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "peak" };
	law_explain(&f, &v);
	assert_true(says(&v, "a round on average, which follows neither"));
	assert_true(says(&v, "kept after the load: bounded, whatever the load: 0 per request and 0 per byte"));
	verdict_release(&v);

	struct rounds_of one_size = { .held_in_flight = 64 * MIB, .one_size = true, .outlier = 4 };
	f = make(&one_size);
	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "peak" };
	law_explain(&f, &v);
	assert_true(says(&v, "it may as well be by the byte"));
	assert_true(says(&v, "round 5 is left out"));
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
		cmocka_unit_test(one_round_of_eight_may_be_left_out),
		cmocka_unit_test(the_class),
		cmocka_unit_test(scatter_is_seldom_a_law),
		cmocka_unit_test(scatter_in_proportion_hides_no_law),
		cmocka_unit_test(words_and_what_is_left),
		cmocka_unit_test(rounds_through_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
