/*
 * report - runs turned into something to read.  An exporter is one file and one
 * row of exporters[]; all take runs that have ended and write to a stream.
 * progress.h is the live display.  Main thread.
 */
#ifndef OOMRIG_REPORT_REPORT_H
#define OOMRIG_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "record/run_list.h"

struct exporter {
	const char *name; /* "terminal", "json" */
	const char *summary;
	int (*write)(FILE *out, const struct run_list *runs, struct error *err);
};
extern const struct exporter terminal_exporter; /* for people */

/* One run in full: verdict, evidence, memory by phase, requests, where the record is. */
void report_run(FILE *out, const struct run_summary *run);
/* The same on some 25 lines: the strongest evidence, no tables. */
void report_run_short(FILE *out, const struct run_summary *run);
/* One run on one line: verdict, as expected or not, note (NULL: the peak of anon), id. */
void report_line(FILE *out, const struct run_summary *run, const char *note);
/* Below a report of several runs: which of them did not end as expected. */
void report_unexpected(FILE *out, const struct run_summary *runs, size_t count);
/* Several runs side by side, scenarios as columns (repeats counted together), and the answer in a sentence. */
void report_side_by_side(FILE *out, const struct run_summary *runs, size_t count);

#endif
