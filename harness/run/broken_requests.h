/*
 * broken_requests - which requests broke because the server had died.  Connections break
 * some time before the rig sees the end, so a transfer that broke is held back
 * for BROKEN_WINDOW_NS; what breaks while the server is down is lost at once.
 *
 * Life cycle: zeroed; broken_hold() for every finished transfer, broken_death() and
 * broken_up() as the server ends and is ready again, broken_release() every now and
 * then and at the end with all; broken_look() for every finished read-back,
 * broken_torn() at an end; broken_free().  No I/O, no clock; one thread.
 */
#ifndef OOMRIG_RUN_BROKEN_REQUESTS_H
#define OOMRIG_RUN_BROKEN_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "load/load.h"

#define BROKEN_WINDOW_NS NS_PER_S

struct broken_row {
	struct load_request request;
	const char *phase; /* borrowed */
	unsigned death;	   /* from 1; 0: none so far */
};

/* One that had reached the server. */
struct broken_recent {
	uint64_t finished_ns, upload_bytes;
};

struct broken_requests {
	struct broken_row *rows;
	size_t count, capacity;
	unsigned deaths;
	bool down;
	struct broken_recent *recent; /* transfers that broke, oldest first, none older than BROKEN_WINDOW_NS */
	size_t recent_count, recent_capacity;
	uint64_t torn_ns; /* when a read-back broke off within its object, the last to be answered; 0: it did not */
};

/*
 * A finished transfer.  True: its connection broke, so it is held back until
 * broken_release() hands it over.  False: it is not kept, the caller deals with it.
 */
bool broken_hold(struct broken_requests *l, const struct load_request *request, const char *phase);
void broken_death(struct broken_requests *l, uint64_t end_ns);
void broken_up(struct broken_requests *l);

/* Remembers a finished transfer if its connection broke; for every one of them. */
void broken_note(struct broken_requests *l, const struct load_request *request);
/* Has one of them broken within BROKEN_WINDOW_NS? */
bool broken_lately(const struct broken_requests *l, uint64_t now_ns);
/*
 * Adds the remembered transfers that broke so shortly before the server's end that
 * they were under way then.  Those that have not finished yet are the caller's to count.
 */
void broken_under_way(const struct broken_requests *l, uint64_t end_ns, uint64_t *count, uint64_t *upload_bytes);
/* Remembers whether the last object that was read back, and answered for, broke off within. */
void broken_look(struct broken_requests *l, const struct load_request *request);
/* Is this end of the server the reason why that object broke off? */
bool broken_torn(const struct broken_requests *l, uint64_t end_ns);
/* Hands over, in order, those whose fate is known by now; with all, every one. */
void broken_release(struct broken_requests *l, uint64_t now_ns, bool all,
		    void (*fn)(void *arg, const struct broken_row *row), void *arg);
void broken_free(struct broken_requests *l);

#endif
