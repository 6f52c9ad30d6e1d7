#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "campaign/confusion.h"

static void counts_by_label_and_verdict(void **state)
{
	(void)state;
	struct confusion c = { 0 };
	/* In an order that inserts before, behind and between. */
	confusion_add(&c, "m", "m");
	confusion_add(&c, "z", "m");
	confusion_add(&c, "a", "a");
	confusion_add(&c, "a", "z");
	confusion_add(&c, "a", "k");
	confusion_add(&c, "m", "m");
	assert_int_equal(c.size, 4);
	assert_int_equal(c.runs, 6);
	assert_int_equal(c.wrong, 3);
	static const char *const names[] = { "a", "k", "m", "z" };
	/* Labels as rows, verdicts as columns. */
	static const uint64_t counts[] = {
		1, 1, 0, 1, /* a */
		0, 0, 0, 0, /* k */
		0, 0, 2, 0, /* m */
		0, 0, 1, 0, /* z */
	};
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(c.names[i], names[i]);
	for (size_t i = 0; i < COUNT(counts); i++)
		assert_int_equal(c.counts[i], counts[i]);
	confusion_release(&c);
}

static void bounds_what_a_count_proves(void **state)
{
	(void)state;
	static const struct {
		uint64_t right, wrong;
		double at_most;
	} rows[] = {
		{ 0, 0, 1 },	      { 0, 5, 1 },	  { 1, 0, 0.95 }, /* 1 - 0.05^(1/n) where nothing is wrong */
		{ 500, 0, 0.005974 }, { 49, 1, 0.09140 },		  /* Clopper and Pearson 1934 */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct confusion c = { 0 };
		for (uint64_t n = 0; n < rows[i].right; n++)
			confusion_add(&c, "a", "a");
		for (uint64_t n = 0; n < rows[i].wrong; n++)
			confusion_add(&c, "a", "b");
		double got = confusion_wrong_at_most(&c);
		if (fabs(got - rows[i].at_most) > rows[i].at_most * 0.001)
			fail_msg("%d right, %d wrong: got %f, expected %f", (int)rows[i].right, (int)rows[i].wrong, got,
				 rows[i].at_most);
		confusion_release(&c);
	}
}

static void writes_a_list_and_a_lettered_matrix(void **state)
{
	(void)state;
	struct confusion c = { 0 };
	struct buf text = BUF_INIT;
	confusion_add(&c, "grew/leak", "grew/leak");
	confusion_add(&c, "steady", "grew/leak");
	confusion_list(&c, &text);
	assert_string_equal(buf_str(&text), "grew/leak  1 of 1 right\n"
					    "steady     0 of 1 right\n"
					    "           WRONG: 1 grew/leak\n");
	buf_clear(&text);
	confusion_matrix(&c, &text);
	assert_string_equal(buf_str(&text), "| truth \\ verdict | | a | b |\n"
					    "|---|---|---|---|\n"
					    "| grew/leak       | a | 1 | . |\n"
					    "| steady          | b | 1 | . |\n");
	buf_release(&text);
	confusion_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_by_label_and_verdict),
		cmocka_unit_test(bounds_what_a_count_proves),
		cmocka_unit_test(writes_a_list_and_a_lettered_matrix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
