/*
 * stats - what may be said of a handful of runs: rates and figures with their
 * intervals, and whether two groups of runs differ.  Distributions are GSL's; the
 * tests are exact where the number of cases allows it.
 *
 * A reading may be censored: a run that was killed at its cap wanted at least
 * that much.  Such a reading is never averaged: it takes part by what is known
 * of it, which is its order against others (Gehan 1965).
 *
 * Pure functions; any thread.
 */
#ifndef OOMRIG_STATS_STATS_H
#define OOMRIG_STATS_STATS_H

#include <stdbool.h>
#include <stddef.h>

struct interval {
	double lo, hi; /* may be infinite: nothing is known on that side */
};

/* A rate of hits in n trials (Wilson 1927): stays inside 0..1 and is honest at 0 of n and n of n.  n 0: 0..1. */
struct interval stats_wilson(size_t hits, size_t n, double confidence);

/* Difference of two rates, second minus first (Newcombe 1998, method 10: from the two Wilson intervals). */
struct interval stats_rate_difference(size_t hits_a, size_t a, size_t hits_b, size_t b, double confidence);

/* Fisher's exact test, two-sided: probability of a table at most as likely as this one. */
double stats_fisher(size_t hits_a, size_t a, size_t hits_b, size_t b);

struct reading {
	double value;
	bool censored; /* at least value */
};

/*
 * Do two groups of readings differ?  Gehan's form of the Mann-Whitney test,
 * which it is without censored readings, two-sided, by permutation: all of them
 * while there are few, a normal approximation with the variance over all
 * permutations (ties and censoring included) beyond.
 */
double stats_rank_test(const struct reading *a, size_t na, const struct reading *b, size_t nb);

/* Of each reading, how many of the others it is known to lie above, less those it lies below; heap, the caller frees.
 */
double *stats_scores(const struct reading *x, size_t n);

/*
 * By how much b lies above a (Hodges and Lehmann): median of all differences.
 * What is censored bounds a difference on one side only, so the estimate is
 * itself an interval, one point where nothing is censored in the middle.
 */
struct shift {
	struct interval estimate, interval; /* interval: at that confidence; infinite with too few readings */
};
struct shift stats_shift(const struct reading *a, size_t na, const struct reading *b, size_t nb, double confidence);

/*
 * A straight line through points that hardly any single one of them moves (Theil 1950, Sen 1968): the median of the
 * slopes between all pairs, and Sen's interval for it.  Points of the same x make no pair; fewer than two points of
 * different x: 0, and an infinite interval, as with too few points for that confidence.
 */
struct slope {
	double estimate;
	struct interval interval;
};
struct slope stats_slope(const double *x, const double *y, size_t n, double confidence);

/* Holm's adjustment for looking at several tests at once; in place. */
void stats_holm(double *p, size_t count);

/* Median, least and greatest of what is known in full; values are sorted in place. */
struct five {
	double min, quarter, median, three_quarters, max;
};
struct five stats_five(double *values, size_t count);

#endif
