/* The judge as a whole: missing facts, the order of evidence, expectations, its JSON.  The rules: test_judge_*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge_cases.h"
#include "scenario/words.h"
#include "record/verdict_json.h"

/* Nothing known at all, and each single fact unreadable: never an outcome that needs it, never a crash of the judge. */
static void test_missing_facts_are_never_survival(void **state)
{
	static const char *const vital[] = {
		"cap_asked_bytes",
		"cap_in_force_bytes",
		"server_in_group",
		"port_in_group",
		"server_started",
		"server_ready_ns",
		"server_end_ns",
		"our_signal",
		"our_signal_ns",
		"oom_kill",
		"samples",
		"sample_gap_max_ns",
		"requests_started",
		"requests_ok",
		"requests_failed",
		"requests_cut",
		"baseline_usage_bytes",
		"baseline_unreclaimable_bytes",
		"peak_usage_bytes",
		"peak_unreclaimable_bytes",
		"health_longest_silence_ns",
		"squeezed_usage_bytes",
	};
	struct facts f = { 0 };
	struct verdict v;

	(void)state;
	judge(&f, &v);
	assert_int_equal(v.outcome, OUTCOME_INVALID);
	verdict_release(&v);
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		bool needed = false;
		if (row->text)
			continue;
		make_facts(&f, CACHE_GROWS);
		*(struct fact *)((char *)&f + row->offset) = FACT_BROKEN;
		judge(&f, &v);
		for (size_t i = 0; i < COUNT(vital); i++)
			needed |= strcmp(vital[i], row->name) == 0;
		if (needed != (v.outcome == OUTCOME_INVALID))
			fail_msg("'%s' unreadable: got %s, expected %s", row->name, outcome_names[v.outcome],
				 needed ? "invalid" : "grew");
		verdict_release(&v);
	}
}

static void test_evidence_order(void **state)
{
	struct facts f;
	struct verdict v;

	(void)state;
	make_facts(&f, KILLED);
	judge(&f, &v);
	assert_string_equal(v.evidence[0], "the group's oom_kill counter rose from 0 to 1");
	assert_non_null(strstr(v.evidence[1], "ended by SIGKILL"));
	assert_non_null(strstr(v.evidence[2], "kernel log: "));
	verdict_release(&v);

	make_facts(&f, KILLED "corrupt=1");
	judge(&f, &v);
	assert_true(strncmp(v.evidence[0], "DATA LOSS", 9) == 0);
	verdict_release(&v);
}

static void test_meets(void **state)
{
	static const struct {
		const char *changes;
		const char *expect[3];
		bool meets;
	} rows[] = {
		{ KILLED, { "crashed/oom-kill" }, true },
		{ KILLED, { "crashed" }, true },
		{ KILLED, { "crashed/signal" }, false },
		{ KILLED, { "crashed/oom" }, false },
		{ KILLED, { "grew/peak", "crashed/oom-kill" }, true },
		{ KILLED, { "grew", "steady" }, false },
		{ KILLED, { NULL }, false },
		{ "", { "steady" }, true },
		{ "", { "steady/leak" }, false },
		{ "", { NULL }, false },
		{ "samples=0", { NULL }, false },
		{ "samples=0", { "invalid" }, true },
		{ "interrupted=1", { NULL }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f;
		struct verdict v;
		char *expect[3];
		size_t count = 0;
		for (; count < 3 && rows[i].expect[count] != NULL; count++)
			expect[count] = (char *)rows[i].expect[count];
		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		struct expectation e = { .verdicts = expect, .count = count };
		if (verdict_as_expected(&v, &f, &e) != rows[i].meets)
			fail_msg("row %zu: got %d, expected %d", i, !rows[i].meets, rows[i].meets);
		verdict_release(&v);
	}
}

/* Losing data is a matter of its own: a surprise either way fails the run, whatever memory did. */
static void test_data_loss_is_expected_or_not(void **state)
{
	static const struct {
		const char *changes;
		bool expected, as_expected;
	} rows[] = {
		{ "", false, true },
		{ "corrupt=1", false, false },
		{ "corrupt=1", true, true },
		{ "corrupt=0", true, false },
		/* What was not read is not "nothing lost". */
		{ "aftermath_acknowledged=3;aftermath_intact=2;aftermath_unread=1", false, false },
		{ "aftermath_acknowledged=3;aftermath_intact=3;aftermath_unread=0", false, true },
		{ "corrupt=1;aftermath_acknowledged=3;aftermath_lost=1;aftermath_unread=2", true, true },
		{ "aftermath_acknowledged=3;aftermath_unread=3", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *any[] = { (char *)"steady", (char *)"grew" };
		struct expectation e = { .verdicts = any, .count = COUNT(any), .data_loss = rows[i].expected };
		struct facts f;
		struct verdict v;
		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		if (verdict_as_expected(&v, &f, &e) != rows[i].as_expected)
			fail_msg("row %zu: got %d, expected %d", i, !rows[i].as_expected, rows[i].as_expected);
		verdict_release(&v);
	}
}

static void test_failures_are_expected_or_not(void **state)
{
	static const struct {
		const char *changes;
		bool none, some, as_expected;
	} rows[] = {
		{ "requests_failed=0", false, false, true }, { "requests_failed=2", false, false, true },
		{ "requests_failed=0", true, false, true },  { "requests_failed=2", true, false, false },
		{ "requests_failed=0", false, true, false }, { "requests_failed=2", false, true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *any[] = { (char *)"steady", (char *)"grew" };
		struct expectation e = {
			.verdicts = any, .count = COUNT(any), .no_failures = rows[i].none, .some_failures = rows[i].some
		};
		struct facts f;
		struct verdict v;
		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		if (verdict_as_expected(&v, &f, &e) != rows[i].as_expected)
			fail_msg("row %zu: got %d, expected %d", i, !rows[i].as_expected, rows[i].as_expected);
		verdict_release(&v);
	}
}

static void test_verdict_to_json(void **state)
{
	char *expect[] = { (char *)"grew", (char *)"crashed/oom-kill" };
	struct facts f;
	struct verdict v;

	(void)state;
	make_facts(&f, KILLED "first_failure=bad \xff\xc3 byte;kernel_log_line=caf\xc3\xa9 \xf0\x9f\x92\xa5 \xe2\x82");
	judge(&f, &v);
	struct expectation e = { .verdicts = expect, .count = COUNT(expect) };
	json_t *json = verdict_to_json(&v, &f, &e);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "outcome")), "crashed");
	assert_string_equal(json_string_value(json_object_get(json, "cause")), "oom-kill");
	assert_int_equal(json_integer_value(json_object_get(json, "judge_version")), JUDGE_VERSION);
	assert_int_equal(json_array_size(json_object_get(json, "expected")), 2);
	assert_true(json_is_true(json_object_get(json, "as_expected")));
	assert_int_equal(json_array_size(json_object_get(json, "evidence")), v.evidence_count);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "evidence"), 2)),
			    "kernel log: caf\xc3\xa9 \xf0\x9f\x92\xa5 \\xe2\\x82");
	json_decref(json);
	verdict_release(&v);

	make_facts(&f, "");
	judge(&f, &v);
	json = verdict_to_json(&v, &f, &(struct expectation){ .count = 0 });
	assert_string_equal(json_string_value(json_object_get(json, "cause")), "");
	json_decref(json);
	verdict_release(&v);
}

/* What the judge can say, a scenario can expect. */
static void test_scenarios_know_the_outcomes(void **state)
{
	(void)state;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++) {
		struct error err = ERROR_INIT;
		char text[64];
		if (row->outcome == OUTCOME_INTERRUPTED || row->outcome == OUTCOME_SKIPPED ||
		    (row->outcome == OUTCOME_INVALID && row->cause != NULL))
			continue;
		snprintf(text, sizeof(text), "%s%s%s", outcome_names[row->outcome], row->cause ? "/" : "",
			 row->cause ? row->cause : "");
		if (words_check_expect(text, &err) != 0)
			fail_msg("%s", err.message);
	}
}

static bool names(const char *const *verdicts, const char *name)
{
	for (; *verdicts != NULL; verdicts++)
		if (strcmp(*verdicts, name) == 0)
			return true;
	return false;
}

/* Every verdict of the table belongs to one kind of rules, whose test reaches it. */
static void test_every_verdict_has_its_rules(void **state)
{
	(void)state;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++) {
		char name[64];
		snprintf(name, sizeof(name), "%s%s%s", outcome_names[row->outcome], row->cause ? "/" : "",
			 row->cause ? row->cause : "");
		if (names(guard_verdicts, name) + names(life_verdicts, name) + names(growth_verdicts, name) != 1)
			fail_msg("'%s' stands in none of the lists of judge_cases.h, or in several", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_facts_are_never_survival),
		cmocka_unit_test(test_evidence_order),
		cmocka_unit_test(test_meets),
		cmocka_unit_test(test_data_loss_is_expected_or_not),
		cmocka_unit_test(test_failures_are_expected_or_not),
		cmocka_unit_test(test_verdict_to_json),
		cmocka_unit_test(test_scenarios_know_the_outcomes),
		cmocka_unit_test(test_every_verdict_has_its_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
