/*
 * floor - the smallest memory a server survives on, found in few runs.  Pure: it
 * names the next cap and is told what came of it; it runs nothing.
 *
 * A run under a cap is a trial that is survived with a probability that rises
 * with the cap along a logistic curve of the cap's logarithm: its middle is the
 * floor, its spread says how much of a coin flip the edge is.  What is known of
 * the two is a table of weights (a posterior over a grid), and the next cap is
 * the one after which the 50 % and the 95 % point are expected to be known best.
 * That is how thresholds are measured in psychometrics (Kontsevich and Tyler
 * 1999, the Psi method) and sensitivity testing (Dror and Steinberg 2008).
 *
 * Life cycle: floor_new(); while floor_next() gives a cap, run it and
 * floor_add() what became of it; floor_estimate() at any time; floor_free().
 * A run that proved nothing is not added: run it again, or stop.  Any thread
 * that owns the struct.
 */
#ifndef OOMRIG_CAMPAIGN_FLOOR_H
#define OOMRIG_CAMPAIGN_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"

struct floor_options {
	uint64_t guess_bytes; /* floor_guess() of a run without a cap */
	double precision;     /* 0.05: both points known to +-5 % with 95 % probability */
	size_t budget;	      /* trials at most */
};

/*
 * What a server seems to need, from a run of it without a cap: its unreclaimable
 * peak, less what the kernel gave back of that when it was asked, for the
 * bookkeeping of page cache (5 MiB of 160 MB, 137 MiB of 4 GB) shrinks with the
 * cap.  Never less than anon and shmem.  FACT_NONE when the peak is not known.
 */
struct fact floor_guess(const struct facts *f);

struct floor_search;
struct floor_search *floor_new(const struct floor_options *options);
void floor_free(struct floor_search *f);

/* The next cap, whole pages; false: known well enough, or the budget is used (floor_estimate() says which). */
bool floor_next(struct floor_search *f, uint64_t *cap_bytes);

void floor_add(struct floor_search *f, uint64_t cap_bytes, bool survived);

struct floor_point {
	uint64_t bytes;		     /* median of what is believed */
	uint64_t lo_bytes, hi_bytes; /* 95 % interval */
};

struct floor_estimate {
	struct floor_point p50, p95;
	double spread; /* of the curve, in relative memory: its 25 % and 75 % points lie 2.2 spreads apart */
	bool precise;  /* both points are known to the asked precision */
	bool at_edge;  /* the floor may lie outside what was searched: the first guess was far off */
	size_t trials, survived;
};
void floor_estimate(const struct floor_search *f, struct floor_estimate *out);

/* Probability that a run under that cap survives, as it is believed now. */
double floor_survival(const struct floor_search *f, uint64_t cap_bytes);

/*
 * By how much the 50 % point of b lies above that of a, as the logarithm of
 * their ratio: 95 % interval and median.
 */
struct floor_shift {
	double lo, median, hi;
	double p; /* twice the belief that it has the other sign, or none */
};
struct floor_shift floor_compare(const struct floor_search *a, const struct floor_search *b);

#endif
