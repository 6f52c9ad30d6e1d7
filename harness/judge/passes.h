/*
 * passes - memory after each pass of the server's own maintenance, compared with
 * the passes before: does a night of it leave something behind each time, far
 * below what a single load would show?  Pure.
 */
#ifndef OOMRIG_JUDGE_PASSES_H
#define OOMRIG_JUDGE_PASSES_H

#include "judge/judge.h"
#include "stats/stats.h"

/*
 * Bytes per pass of one figure of struct facts_pass (its offset there), robust,
 * over the passes where it is known; false with fewer than two of them.
 */
bool passes_slope(const struct facts *f, size_t offset, struct slope *out);

/* Adds what the passes left behind to a verdict on a server that lived. */
void passes_explain(const struct facts *f, struct verdict *v);

#endif
