/*
 * column - the runs of one scenario under one cap, as one column of a
 * side-by-side report, and what may be said of them together.
 *
 * A crashed run's memory is censored: it wanted more than it was given, so its
 * peak is a lower bound and is never mixed with those of runs that ended.
 *
 * Life cycle: columns_new() groups runs (borrowed) in order of first appearance,
 * columns_free().  Main thread.
 */
#ifndef OOMRIG_REPORT_COLUMN_H
#define OOMRIG_REPORT_COLUMN_H

#include "report/figures.h"
#include "report/page.h"
#include "record/summary.h"

struct column {
	char *label; /* what tells this column from the others */
	const struct run_summary **runs;
	size_t count;
	size_t judged, crashed; /* of these; crashed is part of judged */
};

/* common: what all scenario names begin with ("three-uploads-"), heap, "" when nothing. */
struct column *columns_new(const struct run_summary *runs, size_t count, size_t *columns, char **common);
void columns_free(struct column *columns, size_t count);

/* Which runs a spread is taken over. */
enum runs_taken { RUNS_ALL, RUNS_JUDGED, RUNS_CRASHED, RUNS_ENDED /* judged and not crashed */ };

struct spread {
	size_t known, unreadable;
	uint64_t min, max, sum;
};

/* offset: of a struct fact in struct facts. */
struct spread column_spread(const struct column *c, size_t offset, enum runs_taken taken);

/* The known figures themselves, in the order of the runs; out holds c->count of them.  Returns how many. */
size_t column_values(const struct column *c, size_t offset, enum runs_taken taken, double *out);

/* Appends "228-231 MiB", "-" when absent in all, "?" when only unreadable. */
void spread_add(struct buf *b, const struct page *p, const struct spread *s,
		const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]));

/* Appends each verdict with how often it came: "crashed/oom-kill 7 of 10, grew/peak 3 of 10"; one run: its name. */
void column_tally(struct buf *b, const struct column *c, const char *between);

/* The first of the runs that are taken, where all of them have its outcome and cause; NULL: they differ, or are none.
 */
const struct run_summary *column_agreed(const struct column *c, enum runs_taken taken);

/* Appends the sentence that answers the comparison in words, from the facts only. */
void conclude(struct buf *b, const struct page *p, const struct column *columns, size_t count);

#endif
