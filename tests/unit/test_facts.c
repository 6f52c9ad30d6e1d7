/* judge/facts.c: the table of rows, and facts through JSON and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "facts/facts.h"
#include "facts/facts_json.h"

/* Each member of struct facts has one row: their sizes add up to the struct's. */
static void test_fact_rows_cover_the_struct(void **state)
{
	size_t sum = 0;

	(void)state;
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		if (row->offset != sum)
			fail_msg("'%s' lies at %zu, the rows before it end at %zu", row->name, row->offset, sum);
		assert_true(strlen(row->meaning) > 0);
		assert_true(row->text == (strcmp(row->unit, "text") == 0));
		sum += row->text ? FACTS_TEXT_MAX : sizeof(struct fact);
	}
	assert_int_equal(sum, offsetof(struct facts, rounds));
}

/* Every row alone, in each of its states, through text and back. */
static void test_facts_round_trip(void **state)
{
	static const struct fact states[] = {
		{ FACT_ABSENT, 0 },	   { FACT_UNREADABLE, 0 },    { FACT_KNOWN, 0 },
		{ FACT_KNOWN, 268435456 }, { FACT_KNOWN, INT64_MAX },
	};

	(void)state;
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		for (size_t i = 0; i < COUNT(states); i++) {
			struct facts in = { 0 }, out;
			struct error err = ERROR_INIT;
			if (row->text)
				snprintf((char *)&in + row->offset, FACTS_TEXT_MAX, "line %zu \"quoted\"", i);
			else
				*(struct fact *)((char *)&in + row->offset) = states[i];
			json_t *json = facts_to_json(&in);
			char *text = json_dumps(json, 0);
			json_t *again = json_loads(text, 0, NULL);
			memset(&out, 0xff, sizeof(out));
			if (facts_from_json(&out, again, &err) != 0)
				fail_msg("'%s': %s", row->name, err.message);
			if (memcmp(&in, &out, sizeof(in)) != 0)
				fail_msg("'%s' in state %zu did not come back: %s", row->name, i, text);
			free(text);
			json_decref(json);
			json_decref(again);
		}
	}
}

static void test_facts_json_form(void **state)
{
	static const struct {
		const char *json;
		const char *message; /* part of the error; NULL: accepted */
	} rows[] = {
		{ "{}", NULL },
		{ "{\"oom_kill\":null}", NULL },
		{ "{\"oom_kill\":{\"state\":\"unreadable\"}}", NULL },
		{ "{\"of_a_newer_rig\":1}", NULL },
		{ "[]", "'facts' is not an object" },
		{ "{\"oom_kill\":\"1\"}", "fact 'oom_kill' is not a figure" },
		{ "{\"oom_kill\":-1}", "fact 'oom_kill' is not a figure" },
		{ "{\"oom_kill\":1.5}", "fact 'oom_kill' is not a figure" },
		{ "{\"oom_kill\":{\"state\":\"fine\"}}", "fact 'oom_kill' is not a figure" },
		{ "{\"rig_error\":7}", "fact 'rig_error' is not a text" },
	};
	struct facts f = { .oom_kill = fact_of(1), .server_signal = FACT_BROKEN };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct facts out;
		json_t *json = json_loads(rows[i].json, 0, NULL);
		int rc = facts_from_json(&out, json, &err);
		if (rc != (rows[i].message ? -1 : 0) ||
		    (rows[i].message && strstr(err.message, rows[i].message) == NULL))
			fail_msg("%s: got %d '%s', expected '%s'", rows[i].json, rc, err.message,
				 rows[i].message ? rows[i].message : "no error");
		json_decref(json);
	}
	json_t *json = facts_to_json(&f);
	assert_int_equal(json_integer_value(json_object_get(json, "oom_kill")), 1);
	assert_true(json_is_null(json_object_get(json, "interrupted")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "server_signal"), "state")),
			    "unreadable");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fact_rows_cover_the_struct),
		cmocka_unit_test(test_facts_round_trip),
		cmocka_unit_test(test_facts_json_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
