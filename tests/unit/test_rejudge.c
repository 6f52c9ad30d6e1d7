/* The judge over recorded evidence: the facts of one run of each server of known fate, and records as they are stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "record/rejudge.h"
#include "facts/facts_json.h"

/* A line each: {"name", "label", "facts"}; absent facts and empty texts are left out. */
#define RECORDED "tests/unit/recorded-evidence.jsonl"

static void verdict_label(const struct facts *f, const struct verdict *v, char out[64])
{
	snprintf(out, 64, "%s%s%s%s", outcome_names[v->outcome], v->cause ? "/" : "", v->cause ? v->cause : "",
		 f->corrupt.value > 0 ? " + loss" : "");
}

static void recorded_evidence_gives_the_label(void **state)
{
	(void)state;
	FILE *in = fopen(RECORDED, "r");
	int count = 0;
	assert_non_null(in);
	for (json_t *line; (line = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL)) != NULL; count++) {
		struct error err = ERROR_INIT;
		struct verdict v;
		struct facts f;
		char got[64];
		assert_int_equal(facts_from_json(&f, json_object_get(line, "facts"), &err), 0);
		judge(&f, &v);
		verdict_label(&f, &v, got);
		if (strcmp(got, json_string_value(json_object_get(line, "label"))) != 0)
			fail_msg("%s: got %s, expected %s: %s", json_string_value(json_object_get(line, "name")), got,
				 json_string_value(json_object_get(line, "label")), v.evidence[0]);
		verdict_release(&v);
		json_decref(line);
	}
	fclose(in);
	if (count < 40)
		fail_msg("only %d recorded runs were read", count);
}

/* Evidence that cannot be read must never turn a crash into a survival: each fact in turn. */
static void unreadable_evidence_never_becomes_a_survival(void **state)
{
	(void)state;
	FILE *in = fopen(RECORDED, "r");
	assert_non_null(in);
	for (json_t *line; (line = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL)) != NULL;) {
		struct error err = ERROR_INIT;
		struct facts whole, f;
		struct verdict before, v;
		assert_int_equal(facts_from_json(&whole, json_object_get(line, "facts"), &err), 0);
		judge(&whole, &before);
		for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
			if (row->text)
				continue;
			f = whole;
			*(struct fact *)((char *)&f + row->offset) = FACT_BROKEN;
			judge(&f, &v);
			bool survived = v.outcome == OUTCOME_GREW || v.outcome == OUTCOME_STEADY;
			if (before.outcome == OUTCOME_CRASHED && survived)
				fail_msg("%s: with '%s' unreadable the crash became %s",
					 json_string_value(json_object_get(line, "name")), row->name,
					 outcome_names[v.outcome]);
			verdict_release(&v);
		}
		verdict_release(&before);
		json_decref(line);
	}
	fclose(in);
}

static json_t *record(const char *state)
{
	struct facts f = { .interrupted = fact_of(1) };
	return json_pack("{s:s, s:s, s:{s:[s, s], s:b, s:s, s:[s]}, s:o}", "id", "r1", "state", state, "scenario",
			 "expect", "grew/leak", "steady", "expect_data_loss", 1, "expect_failures", "some",
			 "expect_figures", "corrupt > 1", "facts", facts_to_json(&f));
}

static void a_record_is_judged_by_its_facts_and_scenario(void **state)
{
	(void)state;
	struct expectation expectation;
	struct error err = ERROR_INIT;
	struct verdict v;
	struct facts f;
	json_t *r = record("finished");

	assert_int_equal(rejudge(r, &f, &v, &err), 0);
	assert_int_equal(v.outcome, OUTCOME_INTERRUPTED);
	verdict_release(&v);
	rejudge_expectation(r, &expectation);
	assert_int_equal(expectation.count, 2);
	assert_string_equal(expectation.verdicts[0], "grew/leak");
	assert_string_equal(expectation.verdicts[1], "steady");
	assert_true(expectation.data_loss);
	assert_true(expectation.some_failures);
	assert_false(expectation.no_failures);
	assert_int_equal(expectation.figure_count, 1);
	assert_string_equal(expectation.figures[0], "corrupt > 1");
	rejudge_expectation_release(&expectation);
	json_decref(r);
}

static void what_cannot_be_judged_is_an_error(void **state)
{
	(void)state;
	struct facts f;
	struct verdict v;
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "{\"id\": \"a\", \"state\": \"running\", \"facts\": {}}", "run 'a' has not ended" },
		{ "{\"id\": \"a\"}", "run 'a' has not ended" },
		{ "{\"id\": \"a\", \"state\": \"finished\"}", "run 'a': 'facts' is not an object" },
		{ "{\"id\": \"a\", \"state\": \"finished\", \"facts\": {\"oom_kill\": \"x\"}}",
		  "run 'a': fact 'oom_kill'" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		json_t *r = json_loads(rows[i].text, 0, NULL);
		assert_int_equal(rejudge(r, &f, &v, &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
		if (strstr(err.message, rows[i].message) == NULL)
			fail_msg("got '%s', expected '%s'", err.message, rows[i].message);
		json_decref(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_evidence_gives_the_label),
		cmocka_unit_test(unreadable_evidence_never_becomes_a_survival),
		cmocka_unit_test(a_record_is_judged_by_its_facts_and_scenario),
		cmocka_unit_test(what_cannot_be_judged_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
