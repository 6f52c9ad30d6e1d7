/*
 * grid - a table of figures on a page: a label and cells of one width in each row.
 * A table that is wider than the page is split by columns into several below each
 * other, each with all labels; a row is never broken.
 *
 * Life cycle: a struct grid with its widths and titles, grid_head() for each column, grid_row() and its grid_cell()s,
 * grid_print() once, which releases it.  Main thread.
 */
#ifndef OOMRIG_REPORT_GRID_H
#define OOMRIG_REPORT_GRID_H

#include <stddef.h>

#include "base/buf.h"
#include "report/page.h"

#define GRID_COLUMNS_MAX 8

struct grid_row {
	enum ink ink; /* of the label */
	char *label;
	struct buf cells; /* each ends in '\0' */
};

struct grid {
	const char *title, *note;	     /* on a line above the heads; NULL: no such line */
	const char *corner;		     /* head of the labels; without a title it stands for one */
	int label_columns;		     /* the indent of two included */
	int cell_columns;		     /* the gap before it included */
	const char *heads[GRID_COLUMNS_MAX]; /* of the columns in use */
	size_t columns;
	struct grid_row *rows;
	size_t count;
};

void grid_head(struct grid *g, const char *head);
/* label: foreign text may stand in it; one that is too long is cut. */
void grid_row(struct grid *g, enum ink ink, const char *label);
void grid_cell(struct grid *g, const char *text);
void grid_print(struct grid *g, struct page *p);

#endif
