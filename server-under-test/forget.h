/*
 * forget - removes the chunks nobody will ask for again: those of deleted
 * entries, of uploads that failed, and of uploads a crash cut off.  It works by
 * id, so an upload in flight is never touched (the fixed form of P7).
 *
 * Life cycle: forget_orphans() once before the first request; forget_entry()
 * at any time; forget_release() after the writer has stopped.  What could not
 * be removed (disk full) is tried again with the next call.  Any thread.
 */
#ifndef CHUNKSERVER_FORGET_H
#define CHUNKSERVER_FORGET_H

#include "base/error.h"

struct server;

/* Finds the chunks without an entry and queues their removal. */
int forget_orphans(struct server *server, struct error *err);

/* Queues the removal of one id's chunks. */
void forget_entry(struct server *server, const char *id);

void forget_release(void);

#endif
