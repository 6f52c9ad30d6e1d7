/*
 * request_rows - what is noted of each finished transfer: its row of requests.csv, and the
 * first that failed.  Rows whose fate a death decides are held back (broken_requests.h).
 * Main thread; private to run/.
 */
#ifndef OOMRIG_RUN_REQUEST_ROWS_H
#define OOMRIG_RUN_REQUEST_ROWS_H

#include "run/parts.h"

void request_rows_note(struct run *r, const struct load_request *request);
/* Writes the rows whose fate is known; all: every one. */
void request_rows_write_held(struct run *r, bool all);

#endif
