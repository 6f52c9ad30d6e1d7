/*
 * bound - what a scenario expects of one recorded figure, beside the verdict:
 * "peak_wal_bytes > 64MiB", "canary_lag_ns absent".  The figures are the rows
 * of facts.c; a value reads as its row's unit says (sizes, times, counts).
 *
 * Plain data, nothing to release.  Pure; any thread.
 */
#ifndef OOMRIG_JUDGE_BOUND_H
#define OOMRIG_JUDGE_BOUND_H

#include "base/units.h"
#include "facts/facts.h"

struct bound {
	const struct fact_row *row;
	const struct bound_relation *relation;
	uint64_t value; /* in the row's unit; 0 for "absent" */
};

/* "FIGURE < VALUE" (or <=, >, >=, =), "FIGURE absent"; ERROR_INPUT says what is wrong, with the nearest figure. */
int bound_parse(struct bound *out, const char *text, struct error *err);

/* A figure that is absent or unreadable keeps no bound but "absent", which only the first of them does. */
bool bound_holds(const struct bound *b, const struct facts *f);

/* The figure in words, in its unit; returns out. */
#define BOUND_TEXT_MAX UNITS_TEXT_MAX
const char *bound_figure(const struct bound *b, const struct facts *f, char out[BOUND_TEXT_MAX]);

#endif
