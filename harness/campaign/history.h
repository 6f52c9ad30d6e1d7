/*
 * history - each figure of each scenario over its stored runs, oldest first, and
 * where its level changed (stats/changes.h).  Runs of one scenario under another
 * cap are another history.  Runs that say nothing of their server (invalid,
 * interrupted, unfinished) are left out.
 *
 * The figures are those of a comparison (compare.h): the peak of a killed run is
 * a lower bound, and takes part as one.  A change of the peak that is smaller
 * than the judge's own noise is none.
 *
 * Life cycle: history_make() borrows the runs; history_release().  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_HISTORY_H
#define OOMRIG_CAMPAIGN_HISTORY_H

#include <stdio.h>

#include "campaign/compare.h"
#include "stats/changes.h"

struct history_point {
	const struct run_summary *run; /* borrowed */
	struct reading reading;
};

struct history_figure {
	const struct metric *metric;
	struct history_point *points;
	size_t count;
	struct change *changes; /* .at: in points */
	size_t change_count;
};

struct history_scenario {
	const char *name; /* borrowed */
	struct fact memory_bytes;
	const struct run_summary **runs; /* judged ones, oldest first */
	size_t run_count;
	struct history_figure *figures; /* those with readings */
	size_t figure_count;
	size_t *verdict_changes, verdict_change_count; /* in runs: the first with another verdict than the one before */
};

struct history {
	struct history_scenario *scenarios; /* in the order of their first run */
	size_t count, left_out;		    /* runs without a verdict on their server */
};

/* figure: key of the one metric that is wanted, NULL: all.  ERROR_USAGE: no such figure, with those there are. */
int history_make(struct history *h, const struct run_list *runs, const char *figure, struct error *err);
void history_release(struct history *h);

/* history_print.c: what all ways to tell it say. */
/* "three-uploads, 256 MiB: 60 runs" */
void history_add_heading(struct buf *b, const struct history_scenario *s);
/* "2026-11-21, commit 1f3ac0ffee of main" */
void history_add_when(struct buf *b, const struct run_summary *run);
/* "100 MiB (40) to 130 MiB (20); by +29.5 MiB to +30.5 MiB": medians, runs, 95 % interval */
void history_add_change(struct buf *b, const struct metric *m, const struct change *c);
/* "grew/peak to crashed/oom-kill" */
void history_add_verdicts(struct buf *b, const struct run_summary *before, const struct run_summary *after);
/* The first of the verdict's changes that is told: where it is a coin flip, the newest ten are. */
size_t history_first_verdict(const struct history_scenario *s);

/* A new way to tell it is one row. */
struct history_format {
	const char *name; /* "terminal" */
	int (*write)(FILE *out, const struct history *h, struct error *err);
};
extern const struct history_format history_formats[]; /* ends with name == NULL */
const struct history_format *history_format_find(const char *name);

#endif
