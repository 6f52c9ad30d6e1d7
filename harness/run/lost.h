/*
 * lost - which requests broke because the server had died.  Connections break
 * some time before the rig sees the end, so a transfer that broke is held back
 * for LOST_WINDOW_NS; what breaks while the server is down is lost at once.
 *
 * Life cycle: zeroed; lost_hold() for every finished transfer, lost_death() and
 * lost_up() as the server ends and is ready again, lost_release() every now and
 * then and at the end with all; lost_look() for every finished read-back,
 * lost_torn() at an end; lost_free().  No I/O, no clock; one thread.
 */
#ifndef OOMRIG_RUN_LOST_H
#define OOMRIG_RUN_LOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "load/load.h"

#define LOST_WINDOW_NS NS_PER_S

struct lost_row {
	struct load_request request;
	const char *phase; /* borrowed */
	unsigned death;	   /* from 1; 0: none so far */
};

/* One that had reached the server. */
struct lost_broken {
	uint64_t finished_ns, upload_bytes;
};

struct lost {
	struct lost_row *rows;
	size_t count, capacity;
	unsigned deaths;
	bool down;
	struct lost_broken *broken; /* transfers that broke, oldest first, none older than LOST_WINDOW_NS */
	size_t broken_count, broken_capacity;
	uint64_t torn_ns; /* when a read-back broke off within its object, the last to be answered; 0: it did not */
};

/* True: it broke, and lost_release() will bring it.  False: the caller's own. */
bool lost_hold(struct lost *l, const struct load_request *request, const char *phase);
void lost_death(struct lost *l, uint64_t end_ns);
void lost_up(struct lost *l);

/* Of every finished transfer; which of them were under way at an end, beside those that are still. */
void lost_note(struct lost *l, const struct load_request *request);
void lost_under_way(const struct lost *l, uint64_t end_ns, uint64_t *count, uint64_t *upload_bytes);
void lost_look(struct lost *l, const struct load_request *request);
/* Did this end break the read-back off? */
bool lost_torn(const struct lost *l, uint64_t end_ns);
/* Hands over, in order, those whose fate is known by now; with all, every one. */
void lost_release(struct lost *l, uint64_t now_ns, bool all, void (*fn)(void *arg, const struct lost_row *row),
		  void *arg);
void lost_free(struct lost *l);

#endif
