/*
 * nearest - "did you mean": the known name closest to one that is unknown.
 * Optimal string alignment distance (insert, delete, replace, swap), ASCII
 * case folded.  Any thread.
 */
#ifndef OOMRIG_BASE_NEAREST_H
#define OOMRIG_BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *unknown; /* borrowed */
	const char *best;    /* borrowed; NULL while nothing is close enough to be worth naming */
	size_t best_distance;
};

/* Life cycle: nearest_init, nearest_offer for every known name, read .best. */
void nearest_init(struct nearest *n, const char *unknown);
void nearest_offer(struct nearest *n, const char *known);

#endif
