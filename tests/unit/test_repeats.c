/* What the reports' "summary" says of repeated runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "report/repeats.h"

#define RUNS 6

/* Killed, killed, alive, alive, alive, invalid: with peaks that an average would give away. */
static void make_runs(struct run_summary runs[RUNS])
{
	static const enum outcome outcomes[RUNS] = { OUTCOME_CRASHED, OUTCOME_CRASHED, OUTCOME_GREW,
						     OUTCOME_GREW,    OUTCOME_GREW,    OUTCOME_INVALID };
	static const uint64_t peaks[RUNS] = { 240, 250, 100, 120, 110, 999 };
	for (size_t i = 0; i < RUNS; i++) {
		runs[i] = (struct run_summary){ .id = "x",
						.scenario = "s",
						.state = RECORD_FINISHED,
						.outcome = outcomes[i],
						.cause = "",
						.label = "l",
						.server = "server" };
		runs[i].memory_bytes = fact_of(256);
		runs[i].facts.peak_unreclaimable_bytes = fact_of(peaks[i]);
		runs[i].facts.server_end_ns = i < 2 ? fact_of(400 + 100 * i) : FACT_NONE;
	}
}

static void test_summary(void **state)
{
	(void)state;
	struct run_summary runs[RUNS];
	make_runs(runs);
	json_t *got = repeats_json(runs, RUNS);
	json_t *interval = json_incref(json_object_get(json_array_get(got, 0), "crash_rate_interval"));
	json_object_del(json_array_get(got, 0), "crash_rate_interval");
	json_t *expected = json_pack("[{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:f, s:{s:i, s:i, s:i, s:i}, "
				     "s:{s:i, s:i, s:i, s:i, s:i, s:i}}]",
				     "scenario", "s", "label", "l", "server", "server", "memory_bytes", 256, "runs", 6,
				     "judged", 5, "crashed", 2, "crash_rate", 0.4, "time_to_death_ns", "runs", 2, "min",
				     400, "median", 450, "max", 500, "peak_unreclaimable_bytes", "runs", 3, "min", 100,
				     "median", 110, "max", 120, "censored_runs", 2, "censored_at_least", 250);
	assert_non_null(expected);
	if (!json_equal(got, expected))
		fail_msg("got %s, expected %s", json_dumps(got, 0), json_dumps(expected, 0));
	/* Wilson, 2 of 5: 11.8 to 76.9 % */
	assert_float_equal(json_number_value(json_array_get(interval, 0)), 0.1176, 1e-3);
	assert_float_equal(json_number_value(json_array_get(interval, 1)), 0.7693, 1e-3);
	json_decref(interval);
	json_decref(got);
	json_decref(expected);
}

static void test_all_crashed_has_no_middle(void **state)
{
	(void)state;
	struct run_summary runs[RUNS];
	make_runs(runs);
	json_t *got = repeats_json(runs, 2),
	       *peak = json_object_get(json_array_get(got, 0), "peak_unreclaimable_bytes");
	assert_true(json_is_null(json_object_get(peak, "median")));
	assert_int_equal(json_integer_value(json_object_get(peak, "censored_runs")), 2);
	json_decref(got);
}

static void test_nothing_judged_has_no_rate(void **state)
{
	(void)state;
	struct run_summary runs[RUNS];
	make_runs(runs);
	json_t *got = repeats_json(&runs[5], 1);
	assert_true(json_is_null(json_object_get(json_array_get(got, 0), "crash_rate")));
	json_decref(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_all_crashed_has_no_middle),
		cmocka_unit_test(test_nothing_judged_has_no_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
