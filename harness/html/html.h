/*
 * html - runs as one page that needs nothing but itself: a run in full, or many
 * runs with their rates, floors and differences.  The row files of the runs are
 * read as the page is written, thinned out so that no peak is lost (thin.h): a page
 * stays below 5 MB, and memory flat, however long a run was.  Main thread.
 */
#ifndef OOMRIG_HTML_HTML_H
#define OOMRIG_HTML_HTML_H

#include <stdio.h>

#include "record/run_list.h"
#include "report/report.h"

/* Runs that were named together: a column of the matrix of many runs. */
struct html_side {
	const char *name; /* borrowed */
	struct run_list runs;
};

enum html_by { HTML_BY_SIDE, HTML_BY_LABEL, HTML_BY_BRANCH, HTML_BY_COMMIT, HTML_BY_MEMORY };

/* by: what the columns of the matrix are.  What of a run cannot be read is named on the page.  Errors of writing show
 * in ferror(). */
void html_report(FILE *out, const struct html_side *sides, size_t count, enum html_by by);

/* The same of runs that were named one by one, as one side. */
extern const struct exporter html_exporter;

#endif
