/*
 * repeats - what several runs of one scenario say together: a rate with its
 * interval, middles and ranges.  Peaks of crashed runs are censored at what the
 * run was given: they are counted and bounded, never averaged with the others.
 * Any thread.
 */
#ifndef OOMRIG_REPORT_REPEATS_H
#define OOMRIG_REPORT_REPEATS_H

#include <jansson.h>

#include "report/column.h"

#define REPEATS_CONFIDENCE 0.95

/* Appends "70 % (40-89 %)", crashed of judged with Wilson's interval; "-" for less than two judged runs. */
void repeats_rate(struct buf *b, const struct page *p, const struct column *c);

/* Appends the median over at least three runs; "-" otherwise: of two there is only a range. */
void repeats_median(struct buf *b, const struct column *c, size_t offset, enum runs_taken taken,
		    const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]));

/* One object per column, for the reports' "summary"; the caller owns it. */
json_t *repeats_json(const struct run_summary *runs, size_t count);

#endif
