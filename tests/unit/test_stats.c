/* Statistics against published examples and figures that can be checked by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/macros.h"
#include "stats/stats.h"

static void near_to(const char *what, double got, double expected, double within)
{
	if (!(fabs(got - expected) <= within))
		fail_msg("%s: got %.5f, expected %.5f", what, got, expected);
}

static void test_wilson(void **state)
{
	(void)state;
	static const struct {
		size_t hits, n;
		double lo, hi;
	} rows[] = {
		{ 0, 10, 0, 0.2775 },	     { 10, 10, 0.7225, 1 }, { 7, 13, 0.2914, 0.7679 },
		{ 81, 263, 0.2553, 0.3662 }, { 0, 0, 0, 1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct interval w = stats_wilson(rows[i].hits, rows[i].n, 0.95);
		near_to("lower end", w.lo, rows[i].lo, 5e-5);
		near_to("upper end", w.hi, rows[i].hi, 5e-5);
	}
}

/* Newcombe 1998, table II: 56/70 against 48/80, 9/10 against 3/10, 10/10 against 0/10. */
static void test_difference_of_rates(void **state)
{
	(void)state;
	static const struct {
		size_t a, na, b, nb;
		double lo, hi;
	} rows[] = { { 48, 80, 56, 70, 0.0524, 0.3339 },
		     { 3, 10, 9, 10, 0.1705, 0.8090 },
		     { 0, 10, 10, 10, 0.6075, 1 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct interval d = stats_rate_difference(rows[i].a, rows[i].na, rows[i].b, rows[i].nb, 0.95);
		near_to("lower end", d.lo, rows[i].lo, 1e-4);
		near_to("upper end", d.hi, rows[i].hi, 1e-4);
	}
}

static void test_fisher(void **state)
{
	(void)state;
	near_to("tea", stats_fisher(3, 4, 1, 4), 0.4857, 1e-4);
	near_to("all against none", stats_fisher(10, 10, 0, 10), 1.0825e-5, 1e-8);
	near_to("the same", stats_fisher(5, 10, 5, 10), 1, 1e-9);
	near_to("uneven", stats_fisher(1, 12, 7, 9), 0.0022, 1e-4);
}

static void test_holm(void **state)
{
	(void)state;
	double p[] = { 0.01, 0.04, 0.03, 0.005 };
	stats_holm(p, COUNT(p));
	const double expected[] = { 0.03, 0.06, 0.06, 0.02 };
	for (size_t i = 0; i < COUNT(p); i++)
		near_to("adjusted p", p[i], expected[i], 1e-12);
}

/* Hollander and Wolfe, permeability of membranes: wilcox.test gives p = 0.2544, shift -0.305 (-0.76, 0.15). */
static void test_ranks_without_censoring(void **state)
{
	(void)state;
	static const struct reading term[] = { { 0.80, 0 }, { 0.83, 0 }, { 1.89, 0 }, { 1.04, 0 }, { 1.45, 0 },
					       { 1.38, 0 }, { 1.91, 0 }, { 1.64, 0 }, { 0.73, 0 }, { 1.46, 0 } };
	static const struct reading early[] = { { 1.15, 0 }, { 0.88, 0 }, { 0.90, 0 }, { 0.74, 0 }, { 1.21, 0 } };
	near_to("p", stats_rank_test(term, 10, early, 5), 0.2544, 1e-4);
	struct shift s = stats_shift(term, 10, early, 5, 0.95);
	near_to("shift", s.estimate.lo, -0.305, 1e-9);
	near_to("shift is a point", s.estimate.hi, -0.305, 1e-9);
	near_to("lower end", s.interval.lo, -0.76, 1e-9);
	near_to("upper end", s.interval.hi, 0.15, 1e-9);
}

static void test_censored_readings_keep_their_order(void **state)
{
	(void)state;
	/* All of a died at 256, all of b lived below: as far apart as can be, and the shift is bounded on one side. */
	static const struct reading a[] = { { 256, 1 }, { 256, 1 }, { 256, 1 }, { 256, 1 }, { 256, 1 } };
	static const struct reading b[] = { { 20, 0 }, { 21, 0 }, { 22, 0 }, { 23, 0 }, { 24, 0 } };
	near_to("p", stats_rank_test(a, 5, b, 5), 2.0 / 252, 1e-9);
	struct shift s = stats_shift(a, 5, b, 5, 0.95);
	assert_true(isinf(s.estimate.lo) && s.estimate.lo < 0);
	near_to("at most", s.estimate.hi, 22 - 256, 1e-9);
	assert_true(s.interval.hi < -230);
	/* Two groups that both died say nothing about which wanted more. */
	near_to("both censored", stats_rank_test(a, 5, a, 5), 1, 0);
	/* Censored below the other's figures: not known to be less. */
	static const struct reading early[] = { { 10, 1 }, { 10, 1 }, { 10, 1 }, { 10, 1 }, { 10, 1 } };
	near_to("censored early", stats_rank_test(early, 5, b, 5), 1, 0);
}

static void test_too_few_readings_give_no_interval(void **state)
{
	(void)state;
	static const struct reading a[] = { { 1, 0 }, { 2, 0 }, { 3, 0 } }, b[] = { { 7, 0 }, { 8, 0 }, { 9, 0 } };
	struct shift s = stats_shift(a, 3, b, 3, 0.95);
	assert_true(isinf(s.interval.lo) && isinf(s.interval.hi));
	near_to("p", stats_rank_test(a, 3, b, 3), 0.1, 1e-9);
	assert_true(isinf(stats_shift(a, 0, b, 3, 0.95).interval.hi));
	near_to("nothing to compare", stats_rank_test(a, 0, b, 3), 1, 0);
}

/* The normal approximation takes over where the exact tables end; both must agree there. */
static void test_many_readings(void **state)
{
	(void)state;
	struct reading a[30], b[30];
	for (size_t i = 0; i < 30; i++) {
		a[i] = (struct reading){ (double)i, false };
		b[i] = (struct reading){ (double)i + 8.5, false };
	}
	/* 231 of 900 pairs the other way: z = (450 - 231) / sqrt(900 * 61 / 12) = 3.2378 */
	near_to("p", stats_rank_test(a, 30, b, 30), 0.001205, 1e-6);
	struct shift s = stats_shift(a, 30, b, 30, 0.95);
	near_to("shift", s.estimate.lo, 8.5, 1e-9);
	near_to("lower end", s.interval.lo, 3.5, 1.01);
	near_to("upper end", s.interval.hi, 13.5, 1.01);
}

static void test_five_figures(void **state)
{
	(void)state;
	double values[] = { 5, 1, 4, 2, 3 };
	struct five f = stats_five(values, COUNT(values));
	near_to("least", f.min, 1, 0);
	near_to("median", f.median, 3, 0);
	near_to("greatest", f.max, 5, 0);
	assert_true(isnan(stats_five(values, 0).median));
}

static void test_slope(void **state)
{
	(void)state;
	static const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 }, up[] = { 10, 13, 16, 19, 22, 25, 28, 31 },
			    one_out[] = { 10, 13, 16, 900, 22, 25, 28, 31 }, flat[] = { 5, 5, 5, 5, 5, 5, 5, 5 },
			    same[] = { 1, 1 };
	struct slope s = stats_slope(x, up, 8, 0.95);
	near_to("slope", s.estimate, 3, 0);
	near_to("its lower end", s.interval.lo, 3, 0);
	near_to("its upper end", s.interval.hi, 3, 0);
	near_to("slope with one point out of line", stats_slope(x, one_out, 8, 0.95).estimate, 3, 0);
	near_to("flat", stats_slope(x, flat, 8, 0.95).estimate, 0, 0);
	near_to("two points", stats_slope(x, up, 2, 0.95).estimate, 3, 0);
	assert_true(isinf(stats_slope(x, up, 5, 0.95).interval.lo));
	assert_false(isinf(stats_slope(x, up, 6, 0.95).interval.lo));
	near_to("no pair", stats_slope(same, up, 2, 0.95).estimate, 0, 0);
	assert_true(isinf(stats_slope(x, up, 1, 0.95).interval.hi));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wilson),
		cmocka_unit_test(test_difference_of_rates),
		cmocka_unit_test(test_fisher),
		cmocka_unit_test(test_holm),
		cmocka_unit_test(test_ranks_without_censoring),
		cmocka_unit_test(test_censored_readings_keep_their_order),
		cmocka_unit_test(test_too_few_readings_give_no_interval),
		cmocka_unit_test(test_many_readings),
		cmocka_unit_test(test_five_figures),
		cmocka_unit_test(test_slope),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
