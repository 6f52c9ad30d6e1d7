/*
 * many - runs put in order for their page: a row for each scenario, a column for
 * each side (or label, branch, commit, memory), and in each cell the runs of both.
 *
 * Life cycle: many_new() borrows the runs; many_free().  Main thread.
 */
#ifndef OOMRIG_HTML_MANY_H
#define OOMRIG_HTML_MANY_H

#include "html/html.h"
#include "report/column.h"

struct many {
	size_t rows, columns;
	const char **scenarios; /* by row; borrowed */
	char **names;		/* by column; heap */
	uint64_t *order;	/* by column, ascending */
	struct column *cells;	/* rows * columns; label is not set; count 0: none */
	size_t runs, judged;
};

struct many *many_new(const struct html_side *sides, size_t count, enum html_by by);
void many_free(struct many *m);

struct column *many_cell(const struct many *m, size_t row, size_t column);

/* many_compare.c: the differences of the two columns of a row; nothing with fewer or more of them. */
void many_compare(FILE *out, const struct many *m, size_t row);

/* many_floor.c: survival over caps of each cell that has runs under several. */
void many_floor(FILE *out, const struct many *m, size_t row);

#endif
