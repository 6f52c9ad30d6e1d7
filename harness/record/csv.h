/*
 * csv - the rows of a run's own CSV files, one at a time and in flat memory:
 * RFC 4180 without line breaks inside a cell, the first line names the columns.
 *
 * Life cycle: csv_open(), csv_column() while .cells hold the names, csv_next()
 * until it returns 0, csv_close() in any case.  One thread.
 */
#ifndef OOMRIG_RECORD_CSV_H
#define OOMRIG_RECORD_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fact.h"
#include "record/lines.h"

struct csv {
	struct lines lines; /* the one in .cells; the header is number 1 */
	char **cells;	    /* of the current line, without quotes; valid until the next */
	size_t cell_count, cell_cap;
	size_t columns; /* of the header */
};

/* 1: the header was read; 0: there is no such file, or nothing in it; -1: it cannot be read. */
int csv_open(struct csv *c, const char *path, struct error *err);

/* Index of a column right after csv_open(); -1: this file has none of that name. */
int csv_column(const struct csv *c, const char *name);

/* 1: a row; 0: the end; -1: a read error, or a line beyond LINES_MAX.  A last line without its line break was still
 * being written: no row. */
int csv_next(struct csv *c, struct error *err);

/* A figure of the row: column -1 and an empty cell are absent, "unreadable" is unreadable.  -1: anything else. */
int csv_fact(const struct csv *c, int column, struct fact *out);

void csv_close(struct csv *c);

#endif
