/*
 * maintenance - the server's own maintenance as it tells of it (`server.maintenance`):
 * what memory was when each pass was over, into the facts.  Of more passes than
 * those have room for, every second is dropped, so that the rest spans the run.
 *
 * Life cycle: zeroed at the start of each life of the server, whose count begins at
 * 0 again; maintenance_note() whenever the count was read, by the last sample;
 * maintenance_sum_up() once, at the end.  Main thread.
 */
#ifndef OOMRIG_RUN_MAINTENANCE_H
#define OOMRIG_RUN_MAINTENANCE_H

#include <stdint.h>

#include "run/gather.h"

struct maintenance {
	uint64_t before; /* the server's count when the load began */
	uint64_t stride; /* one in so many is kept */
	uint64_t last;	 /* count that was noted last */
};

/* number: passes since the server's start.  While loading is false it only says where the count stands. */
void maintenance_note(struct maintenance *p, const struct gather *g, bool loading, uint64_t number, uint64_t seen_ns);
void maintenance_sum_up(struct facts *f);

#endif
