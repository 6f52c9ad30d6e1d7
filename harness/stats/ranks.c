/* Two groups of readings: do they differ, and by how much. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_combination.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "stats/stats.h"

#define PERMUTATIONS_MAX 20000 /* beyond this the normal approximation is good to the third digit */
#define EXACT_COUNT_MAX 0x1p53 /* whole numbers a double holds */

/* 1: x is known to be above y, -1: below, 0: equal or not known. */
static int above(const struct reading *x, const struct reading *y)
{
	if (x->value > y->value && !y->censored)
		return 1;
	if (x->value < y->value && !x->censored)
		return -1;
	if (x->value == y->value && x->censored != y->censored)
		return x->censored ? 1 : -1; /* "at least 5" lies above a 5 that was measured */
	return 0;
}

/* How many of all readings each one is known to lie above, less those it lies below. */
static void score(const struct reading *a, size_t na, const struct reading *b, size_t nb, double *scores)
{
	for (size_t i = 0; i < na + nb; i++) {
		const struct reading *x = i < na ? &a[i] : &b[i - na];
		scores[i] = 0;
		for (size_t k = 0; k < na + nb; k++)
			scores[i] += above(x, k < na ? &a[k] : &b[k - na]);
	}
}

double *stats_scores(const struct reading *x, size_t n)
{
	double *scores = xcalloc(n + 1, sizeof(*scores));
	score(x, n, NULL, 0, scores);
	return scores;
}

static double exact(const double *scores, size_t all, size_t drawn, double seen)
{
	gsl_combination *c = gsl_combination_calloc(all, drawn);
	size_t extreme = 0, total = 0;
	do {
		double sum = 0;
		for (size_t i = 0; i < drawn; i++)
			sum += scores[gsl_combination_get(c, i)];
		extreme += fabs(sum) >= fabs(seen);
		total++;
	} while (gsl_combination_next(c) == 0);
	gsl_combination_free(c);
	return (double)extreme / (double)total;
}

double stats_rank_test(const struct reading *a, size_t na, const struct reading *b, size_t nb)
{
	size_t all = na + nb;
	if (na == 0 || nb == 0)
		return 1;
	double *scores = xcalloc(all, sizeof(*scores)), seen = 0, squares = 0, p;
	score(a, na, b, nb, scores);
	for (size_t i = 0; i < all; i++) {
		seen += i < na ? scores[i] : 0;
		squares += scores[i] * scores[i];
	}
	if (squares == 0)
		p = 1;
	else if (gsl_sf_lnchoose((unsigned)all, (unsigned)na) <= log(PERMUTATIONS_MAX))
		p = exact(scores, all, na, seen);
	else
		p = 2 * gsl_cdf_ugaussian_Q(fabs(seen) / sqrt((double)na * (double)nb * squares /
							      ((double)all * (double)(all - 1))));
	free(scores);
	return p;
}

/*
 * How many differences may be left off at each end: the largest c with
 * P(U < c) <= tail, U being the Mann-Whitney statistic.  Its counts are the
 * coefficients of the Gaussian binomial, exact while all of them fit a double.
 */
static size_t differences_left_off(size_t m, size_t n, double tail)
{
	double ways = exp(gsl_sf_lnchoose((unsigned)(m + n), (unsigned)m));
	size_t top = m * n;
	if (ways > EXACT_COUNT_MAX) {
		double mean = (double)top / 2, sd = sqrt((double)top * (double)(m + n + 1) / 12);
		double c = floor(mean + sd * gsl_cdf_ugaussian_Pinv(tail) + 0.5);
		return c > 0 ? (size_t)c : 0;
	}
	double *count = xcalloc(top + 1, sizeof(*count));
	count[0] = 1;
	for (size_t i = 1; i <= m; i++) {
		for (size_t u = top + 1; u-- > n + i;)
			count[u] -= count[u - n - i];
		for (size_t u = i; u <= top; u++)
			count[u] += count[u - i];
	}
	size_t c = 0;
	for (double below = count[0]; c < top && below / ways <= tail; below += count[c])
		c++;
	free(count);
	return c;
}

static double median(const double *sorted, size_t count)
{
	double lo = sorted[(count - 1) / 2], hi = sorted[count / 2];
	return lo == hi || isinf(lo) ? lo : isinf(hi) ? hi : (lo + hi) / 2;
}

struct shift stats_shift(const struct reading *a, size_t na, const struct reading *b, size_t nb, double confidence)
{
	const struct interval unknown = { -INFINITY, INFINITY };
	size_t count = na * nb;
	if (count == 0)
		return (struct shift){ unknown, unknown };
	double *lo = xcalloc(count, sizeof(*lo)), *hi = xcalloc(count, sizeof(*hi));
	for (size_t i = 0; i < count; i++) {
		const struct reading *x = &a[i / nb], *y = &b[i % nb];
		lo[i] = x->censored ? -INFINITY : y->value - x->value;
		hi[i] = y->censored ? INFINITY : y->value - x->value;
	}
	gsl_sort(lo, 1, count);
	gsl_sort(hi, 1, count);
	size_t c = differences_left_off(na, nb, (1 - confidence) / 2);
	struct shift s = { .estimate = { median(lo, count), median(hi, count) }, .interval = unknown };
	if (c > 0)
		s.interval = (struct interval){ lo[c - 1], hi[count - c] };
	free(lo);
	free(hi);
	return s;
}
