/*
 * requests - what is noted of each finished transfer: its row of requests.csv, and the
 * first that failed.  Rows whose fate a death decides are held back (broken_requests.h).
 * Main thread; private to run/.
 */
#ifndef OOMRIG_RUN_REQUESTS_H
#define OOMRIG_RUN_REQUESTS_H

#include "run/parts.h"

void requests_note(struct run *r, const struct load_request *request);
/* Writes the rows whose fate is known; all: every one. */
void requests_write_held(struct run *r, bool all);

#endif
