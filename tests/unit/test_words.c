/* facts/words.c and scenario/words.c: one row is all that a cause needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "facts/words.h"
#include "scenario/words.h"

static void test_every_row_is_whole(void **state)
{
	(void)state;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++) {
		const char *name = outcome_names[row->outcome], *cause = row->cause != NULL ? row->cause : "";
		if (row->clause == NULL || row->clause[0] == '\0')
			fail_msg("'%s/%s' has no clause", name, cause);
		if (outcome_find(name) != row->outcome || outcome_row_find(row->outcome, NULL) == NULL)
			fail_msg("'%s' is not found by its name, or has no row without a cause", name);
		if (outcome_row_of(row->outcome, row->cause) != row)
			fail_msg("'%s/%s' is shadowed by another row", name, cause);
	}
}

static void test_unknown_words(void **state)
{
	(void)state;
	assert_int_equal(outcome_find("exploded"), OUTCOME_UNKNOWN);
	assert_int_equal(outcome_find(NULL), OUTCOME_UNKNOWN);
	assert_string_equal(outcome_row_of(OUTCOME_UNKNOWN, NULL)->clause, "has no verdict");
	assert_ptr_equal(outcome_row_of(OUTCOME_GREW, "of-a-newer-rig"), outcome_row_of(OUTCOME_GREW, ""));
	assert_null(outcome_row_find(OUTCOME_GREW, "of-a-newer-rig"));
}

static void test_what_may_be_expected(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "interrupted", "unknown outcome 'interrupted'" },
		{ "skipped", "unknown outcome 'skipped'" },
		{ "unknown", "unknown outcome 'unknown'" },
		{ "crash", "did you mean 'crashed'?" },
		{ "oom-kill", "did you mean 'crashed/oom-kill'?" },
		{ "grew/leek", "did you mean 'leak'?" },
		{ "grew/", "unknown cause of 'grew' ''" },
		{ "steady/leak", "outcome 'steady' has no causes" },
		{ "", "unknown outcome ''" },
	};
	(void)state;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++) {
		struct error err = ERROR_INIT;
		char text[64];
		snprintf(text, sizeof(text), "%s%s%s", outcome_names[row->outcome], row->cause != NULL ? "/" : "",
			 row->cause != NULL ? row->cause : "");
		if ((words_check_expect(text, &err) == 0) != row->expectable)
			fail_msg("'%s': %s", text, row->expectable ? err.message : "may be expected");
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err = ERROR_INIT;
		if (words_check_expect(bad[i].text, &err) == 0 || strstr(err.message, bad[i].message) == NULL)
			fail_msg("'%s': got '%s', expected '%s'", bad[i].text, err.message, bad[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_whole),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_what_may_be_expected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
