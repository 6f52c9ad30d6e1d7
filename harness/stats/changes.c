#include "stats/changes.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define PERMUTATIONS 999
#define CONFIDENCE 0.95

struct search {
	const struct reading *x;
	double least;
	uint64_t random;
	size_t *cuts, count; /* places of changes, as they are found */
	double *p;
};

/* xorshift64 (Marsaglia 2003): orders for a test, no secrets. */
static size_t below(uint64_t *state, size_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state % n);
}

/* The greatest standardised sum, and where.  scores add up to 0. */
static double greatest(const double *scores, size_t n, double variance, size_t *at)
{
	double sum = 0, best = 0;
	for (size_t k = 1; k < n; k++) {
		sum += scores[k - 1];
		if (k < CHANGES_SIDE_MIN || n - k < CHANGES_SIDE_MIN)
			continue;
		double z = fabs(sum) / sqrt(variance * (double)k * (double)(n - k) / (double)n);
		if (z > best) {
			best = z;
			*at = k;
		}
	}
	return best;
}

/* How often a random order has as great a sum. */
static double p_of(struct search *s, double *scores, size_t n, double variance, double seen)
{
	size_t reached = 1, ignored = 0;
	for (int i = 0; i < PERMUTATIONS; i++) {
		for (size_t k = n - 1; k > 0; k--) {
			size_t other = below(&s->random, k + 1);
			double kept = scores[k];
			scores[k] = scores[other];
			scores[other] = kept;
		}
		reached += greatest(scores, n, variance, &ignored) >= seen - 1e-9;
	}
	return (double)reached / (PERMUTATIONS + 1);
}

/* As stats_shift(): a censored reading is at least its value. */
static struct interval median_of(const struct reading *x, size_t n)
{
	double *lo = xcalloc(n, sizeof(*lo)), *hi = xcalloc(n, sizeof(*hi));
	struct interval m;
	for (size_t i = 0; i < n; i++) {
		lo[i] = x[i].value;
		hi[i] = x[i].censored ? INFINITY : x[i].value;
	}
	gsl_sort(lo, 1, n);
	gsl_sort(hi, 1, n);
	m.lo = (lo[(n - 1) / 2] + lo[n / 2]) / 2;
	m.hi = (hi[(n - 1) / 2] + hi[n / 2]) / 2;
	free(lo);
	free(hi);
	return m;
}

static bool differ_enough(const struct search *s, size_t from, size_t at, size_t end)
{
	struct interval a = median_of(s->x + from, at - from), b = median_of(s->x + at, end - at);
	/* The least that is known to lie between the two. */
	double apart = b.lo > a.hi ? b.lo - a.hi : a.lo > b.hi ? a.lo - b.hi : 0;
	return apart > 0 && apart >= s->least;
}

static void look(struct search *s, size_t from, size_t end)
{
	size_t n = end - from, at = 0;
	if (n < 2 * CHANGES_SIDE_MIN)
		return;
	double *scores = stats_scores(s->x + from, n), squares = 0;
	for (size_t i = 0; i < n; i++)
		squares += scores[i] * scores[i];
	double variance = squares / (double)(n - 1), seen = squares > 0 ? greatest(scores, n, variance, &at) : 0;
	double p = seen > 0 && differ_enough(s, from, from + at, end) ? p_of(s, scores, n, variance, seen) : 1;
	free(scores);
	if (p > CHANGES_ALPHA)
		return;
	look(s, from, from + at);
	s->cuts = xrealloc(s->cuts, (s->count + 1) * sizeof(*s->cuts));
	s->p = xrealloc(s->p, (s->count + 1) * sizeof(*s->p));
	s->cuts[s->count] = from + at;
	s->p[s->count++] = p;
	look(s, from + at, end);
}

static struct level level_of(const struct reading *x, size_t n)
{
	struct level l = { .count = n, .median = median_of(x, n) };
	for (size_t i = 0; i < n; i++)
		l.censored += x[i].censored;
	return l;
}

static size_t near(size_t count)
{
	return count < CHANGES_NEAR ? count : CHANGES_NEAR;
}

struct change *stats_changes(const struct reading *x, size_t n, double least, size_t *count)
{
	struct search s = { .x = x, .least = least, .random = CHANGES_SEED };
	look(&s, 0, n);
	struct change *out = xcalloc(s.count + 1, sizeof(*out));
	for (size_t i = 0; i < s.count; i++) {
		size_t at = s.cuts[i], from = i > 0 ? s.cuts[i - 1] : 0, end = i + 1 < s.count ? s.cuts[i + 1] : n;
		size_t before = near(at - from), after = near(end - at);
		out[i] = (struct change){ .at = at,
					  .p = s.p[i],
					  .before = level_of(x + from, at - from),
					  .after = level_of(x + at, end - at),
					  .shift = stats_shift(x + at - before, before, x + at, after, CONFIDENCE) };
	}
	free(s.cuts);
	free(s.p);
	*count = s.count;
	return out;
}
