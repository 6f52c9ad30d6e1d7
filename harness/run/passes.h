/*
 * passes - the server's own maintenance as it tells of it (`server.maintenance`):
 * what memory was when each pass was over, into the facts.  Of more passes than
 * those have room for, every second is dropped, so that the rest spans the run.
 *
 * Life cycle: passes_note() whenever the server's count was read, by the last
 * sample; passes_sum_up() once, at the end.  Main thread.
 */
#ifndef OOMRIG_RUN_PASSES_H
#define OOMRIG_RUN_PASSES_H

#include <stdint.h>

#include "run/gather.h"

struct passes {
	uint64_t before;  /* the server's count when the load began */
	uint64_t stride;  /* one in so many is kept */
	uint64_t last;	  /* count that was noted last */
	uint64_t earlier; /* passes of servers that were restarted since: theirs began at 0 again */
};

/* number: passes since the server's last start.  While loading is false it only says where the count stands. */
void passes_note(struct passes *p, const struct gather *g, bool loading, uint64_t number, uint64_t seen_ns);
void passes_sum_up(struct facts *f);

#endif
