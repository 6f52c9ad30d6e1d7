/*
 * requests - requests.csv: a row for each finished transfer, times in ns since the
 * run's origin.  Written by request_csv_header() and _row(), read by the rest.
 *
 * Life cycle of a reader: requests_open(); requests_next() while it gives 1;
 * requests_close(), also when opening failed.  One thread.
 */
#ifndef OOMRIG_RECORD_REQUESTS_H
#define OOMRIG_RECORD_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "load/load.h"
#include "record/csv.h"

#define REQUESTS_FILE "requests.csv"

/* One line (no newline).  death: which one took the request with it, from 1; 0: none. */
void request_csv_header(struct buf *out);
void request_csv_row(const struct load_request *r, const char *phase, unsigned death, uint64_t origin_ns,
		     struct buf *out);

struct requests {
	struct csv csv;
	int started, finished, end, kind, size; /* columns */
	bool bad;				/* this row makes no sense; those below do not count */
	struct fact started_ns;			/* absent: it never was */
	uint64_t finished_ns;
	bool failed;			/* by the server's doing: its status, or the connection */
	struct fact acknowledged_bytes; /* of an upload that ended well; absent: it was none */
};

/* As csv_open(), csv_next(). */
int requests_open(struct requests *r, const char *folder, struct error *err);
int requests_next(struct requests *r, struct error *err);
void requests_close(struct requests *r);

#endif
