/* The tables of options of all commands: one letter, one meaning, and what they have in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cli/cmd.h"

static const struct option_row *find(const struct command *c, const char *name)
{
	for (const struct option_row *row = c->rows; row->name != NULL; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

static void compare_letters(const struct command *a, const struct command *b)
{
	for (const struct option_row *x = a->rows; x->name != NULL; x++)
		for (const struct option_row *y = b->rows; y->name != NULL; y++) {
			bool one_name = strcmp(x->name, y->name) == 0, one_letter = x->letter == y->letter;
			if ((one_name && !one_letter) || (!one_name && one_letter && x->letter != '\0')) {
				print_error("%s: -%c --%s, %s: -%c --%s\n", a->name, x->letter ? x->letter : ' ',
					    x->name, b->name, y->letter ? y->letter : ' ', y->name);
				fail();
			}
		}
}

static void test_one_letter_one_meaning(void **state)
{
	(void)state;
	for (const struct command *const *a = commands; *a != NULL; a++)
		for (const struct command *const *b = commands; *b != NULL; b++)
			compare_letters(*a, *b);
}

/* -h and -V mean the same everywhere, and are in no table. */
static void test_reserved_letters(void **state)
{
	(void)state;
	for (const struct command *const *c = commands; *c != NULL; c++)
		for (const struct option_row *row = (*c)->rows; row->name != NULL; row++)
			if (row->letter == 'h' || row->letter == 'V')
				fail_msg("%s: -%c is --%s", (*c)->name, row->letter, row->name);
}

static bool is_named(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void test_common_options(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		char letter;
		const char *const without[16]; /* the commands that have no use for it */
	} rows[] = {
		{ "json", 'j', { "completion", "report" } },
		{ "results", 'r', { "completion", "list" } },
		{ "quiet",
		  'q',
		  { "completion", "list", "log", "show", "judge", "doctor", "clean", "report", "gc", "trend" } },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		for (const struct command *const *c = commands; *c != NULL; c++) {
			const struct option_row *row = find(*c, rows[i].name);
			if ((row == NULL || row->letter != rows[i].letter) && !is_named(rows[i].without, (*c)->name))
				fail_msg("%s has no -%c, --%s", (*c)->name, rows[i].letter, rows[i].name);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_letter_one_meaning),
		cmocka_unit_test(test_reserved_letters),
		cmocka_unit_test(test_common_options),
	};
	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
