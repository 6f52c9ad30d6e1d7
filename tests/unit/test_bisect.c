/* Bisections of simulated histories whose bad commit is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_rng.h>

#include "campaign/bisect.h"

#define HISTORIES 300

struct tally {
	size_t right, wrong, open; /* open: several commits are left, or none could be found */
	double runs;
};

/* Commits up to `first_bad` hit at the rate good, from it on at the rate bad; every skip-th does not build. */
static struct tally simulate(size_t count, double good, double bad, size_t skip)
{
	struct tally t = { 0 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	for (size_t i = 0; i < HISTORIES; i++) {
		size_t first_bad = 1 + gsl_rng_uniform_int(rng, count - 1), commit;
		struct bisect *b = bisect_new(count, 0.95, 500);
		while (bisect_next(b, &commit)) {
			if (skip > 0 && commit > 0 && commit < count - 1 && commit % skip == 0) {
				bisect_skip(b, commit);
				continue;
			}
			bisect_tell(b, commit, gsl_rng_uniform(rng) < (commit >= first_bad ? bad : good));
			t.runs += 1.0 / HISTORIES;
		}
		bool inside = b->failed == BISECT_POSSIBLE && b->first <= first_bad && first_bad <= b->last;
		t.right += inside && b->first == b->last;
		t.open += b->failed != BISECT_POSSIBLE || (inside && b->first < b->last);
		t.wrong += b->failed == BISECT_POSSIBLE && !inside;
		bisect_free(b);
	}
	gsl_rng_free(rng);
	print_message("# %zu commits, rates %.2f and %.2f, every %zu. unbuildable: right %zu, wrong %zu, open %zu of "
		      "%d; %.1f runs\n",
		      count, good, bad, skip, t.right, t.wrong, t.open, HISTORIES, t.runs);
	return t;
}

static void test_a_certain_crash(void **state)
{
	(void)state;
	struct tally t = simulate(33, 0, 1, 0);
	assert_int_equal(t.right, HISTORIES);
	assert_true(t.runs < 30);
	t = simulate(2, 0, 1, 0);
	assert_int_equal(t.right, HISTORIES);
	/* A fix is found like a break. */
	t = simulate(33, 1, 0, 0);
	assert_int_equal(t.right, HISTORIES);
}

static void test_coin_flips(void **state)
{
	(void)state;
	static const double rates[][2] = { { 0, 0.5 }, { 0.1, 0.8 }, { 0.5, 1 } };
	for (size_t i = 0; i < 3; i++) {
		struct tally t = simulate(33, rates[i][0], rates[i][1], 0);
		assert_true(t.wrong <= HISTORIES * 8 / 100);
		assert_true(t.right >= HISTORIES * 85 / 100);
	}
}

static void test_what_does_not_build_is_left_open(void **state)
{
	(void)state;
	struct tally t = simulate(33, 0, 1, 3);
	assert_int_equal(t.wrong, 0);
	assert_true(t.open > 0 && t.right > 0);
}

static void test_ends_that_do_not_differ(void **state)
{
	(void)state;
	struct tally t = simulate(9, 0, 0, 0);
	assert_int_equal(t.open, HISTORIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_certain_crash),
		cmocka_unit_test(test_coin_flips),
		cmocka_unit_test(test_what_does_not_build_is_left_open),
		cmocka_unit_test(test_ends_that_do_not_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
