/*
 * cleanup - what requests leave behind is closed later, in order, by one thread
 * (C1), as the finalisers of a garbage-collected runtime are.
 *
 * A finaliser is a function with its object; one that blocks holds up all that
 * were posted after it, and whoever posted it must wake it before the stop.
 *
 * Life cycle: the DEFERRED_CLEANUP behaviour starts and stops it; posting is
 * allowed from any thread in between.  What is queued at the stop is still run.
 */
#ifndef CHUNKSERVER_CLEANUP_H
#define CHUNKSERVER_CLEANUP_H

#include <stdint.h>

struct cleanup;
struct db_connection;

struct finaliser {
	struct finaliser *next;		  /* the queue's */
	void (*run)(struct finaliser *f); /* may free it */
};

void cleanup_post(struct cleanup *c, struct finaliser *f);

/* Posts the closing of a connection that nobody uses any more. */
void cleanup_post_connection(struct cleanup *c, struct db_connection *connection);

/* Posts a disposable object, unless the last one is still waiting (C2). */
void cleanup_post_canary(struct cleanup *c);

/* How long that object has been waiting; 0: none is. */
uint64_t cleanup_canary_lag_ns(struct cleanup *c);

#endif
