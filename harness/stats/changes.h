/*
 * changes - where the level of a series of readings changed.
 *
 * Binary segmentation by ranks.  For each place k of a stretch the sum of Gehan's scores before it (Mann-Whitney, with
 * censored readings taking part by what is known of them) is put in units of its standard deviation over all orders of
 * the stretch; the greatest of them is the statistic.  How often a random order of the same readings reaches it gives p
 * (permutation test, fixed seed, so that the same history says the same each time).  With p at most CHANGES_ALPHA, and
 * levels that differ by the least change asked for, the stretch is cut there, and both parts are looked at alone.
 *
 * Ranks: neither one wild run nor the form of the noise matters.  Fewer than CHANGES_SIDE_MIN readings on a side are no
 * level.  A rise that is taken back is found by its two edges; one of a few runs in the middle of a long series may be
 * missed.  Measured rates: docs/history.md.
 *
 * Pure; any thread.  Time grows with the square of n.
 */
#ifndef OOMRIG_STATS_CHANGES_H
#define OOMRIG_STATS_CHANGES_H

#include "stats/stats.h"

#define CHANGES_ALPHA 0.01
#define CHANGES_SIDE_MIN 4
#define CHANGES_SEED 1

struct change {
	size_t at; /* first reading of the new level */
	double p;
	struct level {
		size_t count, censored;
		struct interval median; /* one point where nothing is censored in the middle */
	} before, after;
	struct shift
		shift; /* of the levels, with its 95 % interval; from the CHANGES_NEAR readings next to the change */
};
#define CHANGES_NEAR 100

/* least: in the unit of the readings; a smaller change is none.  In order; a heap array of *count, the caller frees. */
struct change *stats_changes(const struct reading *x, size_t n, double least, size_t *count);

#endif
