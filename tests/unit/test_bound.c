/* judge/bound.c: what a scenario expects of a recorded figure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "expect.h"
#include "base/macros.h"
#include "judge/bound.h"
#include "judge/judge.h"
#include "record/verdict_json.h"

static void test_bounds(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool holds;
		const char *figure;
	} rows[] = {
		{ "peak_wal_bytes > 64MiB", false, "64 MiB" },
		{ "peak_wal_bytes >= 64MiB", true, "64 MiB" },
		{ "peak_wal_bytes < 64MiB", false, "64 MiB" },
		{ "peak_wal_bytes <= 64MiB", true, "64 MiB" },
		{ " peak_wal_bytes  =  65536KiB", true, "64 MiB" },
		{ "peak_wal_bytes absent", false, "64 MiB" },
		{ "canary_lag_ns > 1s", true, "2.00 s" },
		{ "canary_lag_ns < 1500ms", false, "2.00 s" },
		{ "maintenance_passes = 0", true, "0" },
		{ "maintenance_passes absent", false, "0" },
		/* what is not there keeps no bound, whichever way it points */
		{ "corrupt = 0", false, "absent" },
		{ "corrupt < 5", false, "absent" },
		{ "corrupt absent", true, "absent" },
		{ "oom_kill < 5", false, "unreadable" },
		{ "oom_kill absent", false, "unreadable" },
	};
	const struct facts f = { .peak_wal_bytes = fact_of(64 << 20),
				 .canary_lag_ns = fact_of(2000000000),
				 .maintenance_passes = fact_of(0),
				 .oom_kill = FACT_BROKEN };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		char figure[BOUND_TEXT_MAX];
		struct bound b;
		if (bound_parse(&b, rows[i].text, &err) != 0) {
			expect_text(rows[i].text, err.message, "");
			continue;
		}
		expect_figure(rows[i].text, bound_holds(&b, &f), rows[i].holds);
		expect_text(rows[i].text, bound_figure(&b, &f, figure), rows[i].figure);
	}
	assert_int_equal(failures, 0);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "peak_wal_byte > 1MB",
		  "'peak_wal_byte > 1MB': unknown figure 'peak_wal_byte'; did you mean 'peak_wal_bytes'?" },
		{ "rig_error absent", "unknown figure 'rig_error'" }, /* a text */
		{ "peak_wal_bytes", "it must read FIGURE < VALUE" },
		{ "peak_wal_bytes 5", "it must read FIGURE < VALUE" },
		{ "peak_wal_bytes >", "it must read FIGURE < VALUE" },
		{ "peak_wal_bytes absent 5", "it must read FIGURE < VALUE" },
		{ "", "it must read FIGURE < VALUE" },
		{ "peak_wal_bytes > 5s", "5s" },
		{ "canary_lag_ns > 5MB", "5MB" },
		{ "maintenance_passes > 5MB", "5MB" },
		{ "maintenance_passes > -1", "-1" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct bound b;
		assert_int_equal(bound_parse(&b, rows[i].text, &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
		if (strstr(err.message, rows[i].message) == NULL)
			expect_text(rows[i].text, err.message, rows[i].message);
	}
	assert_int_equal(failures, 0);
}

static void test_surprises(void **state)
{
	(void)state;
	char *verdicts[] = { (char *)"steady" };
	static const struct {
		const char *figure;
		bool data_loss, none, some;
		const char *surprise; /* NULL: as expected */
	} rows[] = {
		{ "peak_wal_bytes < 1MiB", false, false, false, NULL },
		{ "peak_wal_bytes > 1MiB", false, false, false, "expected peak_wal_bytes > 1MiB, got 4 KiB" },
		{ "canary_lag_ns < 1s", false, false, false, "expected canary_lag_ns < 1s, got absent" },
		{ "no_such > 1", false, false, false, "'no_such > 1': unknown figure" },
		{ NULL, true, false, false, "data was expected to be lost" },
		{ NULL, false, true, false, "no request was expected to fail" },
		{ NULL, false, false, true, NULL },
	};
	const struct facts f = { .peak_wal_bytes = fact_of(4096),
				 .corrupt = fact_of(0),
				 .requests_failed = fact_of(2) };
	const struct verdict v = { .outcome = OUTCOME_STEADY };
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *figures[] = { (char *)rows[i].figure };
		struct expectation e = { .verdicts = verdicts,
					 .count = 1,
					 .data_loss = rows[i].data_loss,
					 .no_failures = rows[i].none,
					 .some_failures = rows[i].some,
					 .figures = figures,
					 .figure_count = rows[i].figure != NULL };
		json_t *json = verdict_to_json(&v, &f, &e);
		const char *got = json_string_value(json_array_get(json_object_get(json, "surprises"), 0));
		expect_figure("as expected", json_is_true(json_object_get(json, "as_expected")),
			      rows[i].surprise == NULL);
		if ((got == NULL) != (rows[i].surprise == NULL) ||
		    (got != NULL && strstr(got, rows[i].surprise) == NULL))
			expect_text(rows[i].figure ? rows[i].figure : "no figure", got ? got : "none",
				    rows[i].surprise ? rows[i].surprise : "none");
		json_decref(json);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bounds, reset_failures),
		cmocka_unit_test_setup(test_refused, reset_failures),
		cmocka_unit_test_setup(test_surprises, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
