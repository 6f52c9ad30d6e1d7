/* Searches for the smallest figures that still crash, where it is known which do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "campaign/shrink.h"

/* Clients and bytes; it crashes where their product is large enough. */
static struct shrink *search(uint64_t clients, uint64_t bytes, const struct shrink_options *options)
{
	struct shrink *s = shrink_new(2, options);
	s->figures[0] = (struct shrink_figure){ .before = clients, .least = 1, .unit = 1 };
	s->figures[1] = (struct shrink_figure){ .before = bytes, .least = 4096, .unit = 1000 };
	return s;
}

static void drive(struct shrink *s, uint64_t product)
{
	while (shrink_next(s))
		shrink_tell(s, s->figures[0].now * s->figures[1].now >= product);
}

static void test_the_smallest_is_found(void **state)
{
	(void)state;
	static const struct {
		uint64_t clients, bytes, product;
		uint64_t clients_left, bytes_low, bytes_high;
	} rows[] = {
		{ 2, 100000000, 20000000, 1, 20000000, 22000000 }, /* one client, and then the size */
		{ 8, 1000000, 4000000, 4, 1000000, 1000000 },	   /* the size cannot give way to fewer clients */
		{ 1, 4096, 1, 1, 4096, 4096 },			   /* nothing to give */
		{ 5, 9000, 1, 1, 4096, 4096 },			   /* all of it gives way */
		{ 0, 50000, 0, 0, 4096, 4096 },			   /* no limit: not a figure to shrink */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct shrink_options o = { .confirm = 2, .budget = 1000, .precision = 0.1 };
		struct shrink *s = search(rows[i].clients, rows[i].bytes, &o);
		drive(s, rows[i].product);
		assert_int_equal(s->end, SHRINK_COMPLETE);
		assert_int_equal(s->figures[0].crashes, rows[i].clients_left);
		assert_in_range(s->figures[1].crashes, rows[i].bytes_low, rows[i].bytes_high);
		/* What it ends with is what is run next by hand. */
		assert_int_equal(s->figures[0].now, s->figures[0].crashes);
		assert_int_equal(s->figures[1].now, s->figures[1].crashes);
		shrink_free(s);
	}
}

/* A budget ends it where it is, at any moment, with figures that are known to crash. */
static void test_any_budget_leaves_what_crashes(void **state)
{
	(void)state;
	for (size_t budget = 1; budget < 40; budget++) {
		const struct shrink_options o = { .confirm = 3, .budget = budget, .precision = 0.01 };
		struct shrink *s = search(6, 50000000, &o);
		drive(s, 30000000);
		assert_true(s->runs <= budget);
		assert_true(s->end == SHRINK_BUDGET_USED || s->runs < 40);
		assert_int_equal(s->crashed, budget >= 3);
		assert_true(s->figures[0].now * s->figures[1].now >= 30000000);
		shrink_free(s);
	}
}

/* One run that lives among several is enough: what crashes by chance is no reproduction. */
static void test_a_crash_that_is_a_coin_flip(void **state)
{
	(void)state;
	const struct shrink_options o = { .confirm = 2, .budget = 100, .precision = 0.1 };
	struct shrink *s = search(4, 8192, &o);
	assert_true(shrink_next(s));
	shrink_tell(s, true);
	assert_true(shrink_next(s));
	shrink_tell(s, false);
	assert_false(shrink_next(s));
	assert_int_equal(s->end, SHRINK_LIVES);
	assert_int_equal(s->runs, 2);
	shrink_free(s);
	/* It crashes as it is, but with one client only every other time. */
	s = search(4, 4096, &o);
	for (bool flip = false; shrink_next(s); flip = !flip)
		shrink_tell(s, s->figures[0].now >= 3 || flip);
	assert_int_equal(s->end, SHRINK_COMPLETE);
	assert_int_equal(s->figures[0].crashes, 3);
	shrink_free(s);
}

static void test_nothing_to_shrink(void **state)
{
	(void)state;
	const struct shrink_options o = { .confirm = 1, .budget = 10, .precision = 0.1 };
	struct shrink *s = shrink_new(0, &o);
	assert_true(shrink_next(s));
	shrink_tell(s, true);
	assert_false(shrink_next(s));
	assert_int_equal(s->end, SHRINK_COMPLETE);
	shrink_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_smallest_is_found),
		cmocka_unit_test(test_any_budget_leaves_what_crashes),
		cmocka_unit_test(test_a_crash_that_is_a_coin_flip),
		cmocka_unit_test(test_nothing_to_shrink),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
