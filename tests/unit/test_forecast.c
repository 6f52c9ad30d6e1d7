/* judge/forecast.c: what is left until the cap, and when nothing may be said of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "judge/forecast.h"
#include "facts/facts_json.h"
#include "record/verdict_json.h"

#define MIB 1048576.0

struct load_of {
	size_t points;
	double per_request, saturates_at; /* bytes; requests after which nothing more is kept, 0: never */
	double saw_tooth;		  /* bytes, up and down from point to point */
	double warm_up;			  /* bytes that the first tenth of the load takes once */
	double cap;			  /* 0: none */
};

/* A hundred requests of 1000 bytes in each tenth of a second. */
static struct facts make(const struct load_of *of)
{
	struct facts f = { .point_count = of->points };

	if (of->cap > 0)
		f.cap_in_force_bytes = fact_of((uint64_t)of->cap);
	for (size_t i = 0; i < of->points; i++) {
		double requests = 100.0 * (double)i;
		double kept = of->saturates_at > 0 ? fmin(requests, of->saturates_at) : requests;
		double level = 50 * MIB + of->per_request * kept + of->saw_tooth * (double)(i % 3) +
			       of->warm_up * fmin(1, 10.0 * (double)i / (double)of->points);
		f.points[i] = (struct facts_point){ .t_ns = fact_of(i * 100000000),
						    .unreclaimable_bytes = fact_of((uint64_t)level),
						    .requests = fact_of((uint64_t)requests),
						    .bytes = fact_of((uint64_t)requests * 1000) };
	}
	return f;
}

static void left_until_the_cap(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct load_of of;
		bool known;
		double bytes; /* per request */
	} rows[] = {
		{ "a steady leak", { .points = 60, .per_request = 16384, .cap = 1024 * MIB }, true, 16384 },
		{ "with a saw-tooth of a collector",
		  { .points = 60, .per_request = 16384, .saw_tooth = MIB, .cap = 1024 * MIB },
		  true,
		  16384 },
		{ "the warm-up does not count",
		  { .points = 60, .per_request = 16384, .warm_up = 200 * MIB, .cap = 1024 * MIB },
		  true,
		  16384 },
		{ "no cap", { .points = 60, .per_request = 16384 }, false, 0 },
		{ "already beyond the cap", { .points = 60, .per_request = 16384, .cap = 60 * MIB }, false, 0 },
		{ "too few points",
		  { .points = FORECAST_POINTS_MIN - 1, .per_request = 16384, .cap = 1024 * MIB },
		  false,
		  0 },
		{ "nothing rises", { .points = 60, .cap = 1024 * MIB }, false, 0 },
		{ "a saw-tooth alone", { .points = 60, .saw_tooth = 30 * MIB, .cap = 1024 * MIB }, false, 0 },
		{ "memory falls", { .points = 60, .per_request = -4096, .cap = 1024 * MIB }, false, 0 },
		{ "a cache that is nearly full at the end: the pace falls off",
		  { .points = 60, .per_request = 16384, .saturates_at = 4400, .cap = 1024 * MIB },
		  false,
		  0 },
		{ "a cache that is full half-way through",
		  { .points = 60, .per_request = 16384, .saturates_at = 2500, .cap = 1024 * MIB },
		  false,
		  0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = make(&rows[i].of);
		struct forecast forecast;
		forecast_make(&f, &forecast);
		const struct forecast_rate *r = &forecast.by[FORECAST_REQUESTS], *t = &forecast.by[FORECAST_TIME];
		if (forecast.known != rows[i].known || r->known != rows[i].known)
			fail_msg("%s: got %d, expected %d", rows[i].name, forecast.known, rows[i].known);
		if (!rows[i].known)
			continue;
		double room = rows[i].of.cap - (double)f.points[f.point_count - 1].unreclaimable_bytes.value;
		double left = room / rows[i].bytes;
		if (fabs(r->left - left) > 0.1 * left || r->left_least > r->left || r->left_most < r->left)
			fail_msg("%s: got %f (%f to %f) requests, expected %f", rows[i].name, r->left, r->left_least,
				 r->left_most, left);
		/* A thousand requests a second. */
		if (fabs(t->left / 1e9 - r->left / 1000) > 0.01 * r->left / 1000)
			fail_msg("%s: got %f s for %f requests", rows[i].name, t->left / 1e9, r->left);
	}
}

static void not_known_is_no_forecast(void **state)
{
	(void)state;
	struct load_of leak = { .points = 60, .per_request = 16384, .cap = 1024 * MIB };
	struct facts f = make(&leak);
	struct forecast forecast;

	f.points[30].unreclaimable_bytes = FACT_BROKEN;
	forecast_make(&f, &forecast);
	assert_false(forecast.known);

	/* Few and large requests: none ends in some parts of the load, so only bytes and time can tell. */
	f = make(&leak);
	for (size_t i = 0; i < f.point_count; i++)
		f.points[i].requests = fact_of(i / 20);
	forecast_make(&f, &forecast);
	assert_true(forecast.known);
	assert_false(forecast.by[FORECAST_REQUESTS].known);
	assert_true(forecast.by[FORECAST_BYTES].known);
}

static bool says(const struct verdict *v, const char *text)
{
	for (size_t i = 0; i < v->evidence_count; i++)
		if (strstr(v->evidence[i], text) != NULL)
			return true;
	return false;
}

static void said_of_a_leak_only(void **state)
{
	(void)state;
	struct load_of leak = { .points = 60, .per_request = 16384, .saw_tooth = MIB, .cap = 1024 * MIB };
	struct facts f = make(&leak);
	struct verdict v = { .outcome = OUTCOME_GREW, .cause = "leak" };

	forecast_explain(&f, &v);
	assert_true(says(&v, "if it keeps growing as it did, the cap is reached after another 5"));
	assert_true(says(&v, " requests ("));
	assert_true(says(&v, "; never, if it is a cache that fills)"));
	json_t *json = verdict_to_json(&v, &f, &(struct expectation){ .count = 0 });
	json_t *requests = json_object_get(json_object_get(json, "forecast"), "requests");
	assert_true(json_real_value(json_object_get(requests, "left")) > 50000);
	json_decref(json);
	verdict_release(&v);

	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "peak" };
	forecast_explain(&f, &v);
	assert_int_equal(v.evidence_count, 0);
	json = verdict_to_json(&v, &f, &(struct expectation){ .count = 0 });
	assert_null(json_object_get(json, "forecast"));
	json_decref(json);

	/* Nothing certain: no line, and no key. */
	v = (struct verdict){ .outcome = OUTCOME_GREW, .cause = "leak" };
	f.cap_in_force_bytes = FACT_NONE;
	forecast_explain(&f, &v);
	assert_int_equal(v.evidence_count, 0);
	json = verdict_to_json(&v, &f, &(struct expectation){ .count = 0 });
	assert_null(json_object_get(json, "forecast"));
	json_decref(json);
}

static void the_series_through_json(void **state)
{
	(void)state;
	struct load_of leak = { .points = FACTS_POINTS_MAX, .per_request = 16384, .cap = 1024 * MIB };
	struct facts f = make(&leak), back;
	struct error err = ERROR_INIT;

	f.points[2].unreclaimable_bytes = FACT_BROKEN;
	f.points[3].bytes = FACT_NONE;
	json_t *json = facts_to_json(&f);
	assert_int_equal(facts_from_json(&back, json, &err), 0);
	assert_int_equal(back.point_count, f.point_count);
	assert_memory_equal(back.points, f.points, sizeof(f.points));
	json_array_append_new(json_object_get(json, "series"), json_object());
	assert_int_equal(facts_from_json(&back, json, &err), -1);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_until_the_cap),
		cmocka_unit_test(not_known_is_no_forecast),
		cmocka_unit_test(said_of_a_leak_only),
		cmocka_unit_test(the_series_through_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
