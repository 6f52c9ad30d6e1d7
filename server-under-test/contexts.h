/*
 * contexts - what the server remembers of each request, in one map behind one
 * mutex (R1).  Who puts something in must take it out; that nobody does, or
 * that a purge does it too early, are the behaviours.
 *
 * Life cycle: the REQUEST_CONTEXT behaviour makes and frees the map.  Any thread.
 */
#ifndef CHUNKSERVER_CONTEXTS_H
#define CHUNKSERVER_CONTEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct contexts;

struct contexts *contexts_new(void);
void contexts_free(struct contexts *c);

void contexts_add(struct contexts *c, uint64_t number, size_t size_bytes);
bool contexts_has(struct contexts *c, uint64_t number);
void contexts_remove(struct contexts *c, uint64_t number);

/* Removes what was added more than age_ns ago, whether it is in use or not. */
void contexts_remove_older(struct contexts *c, uint64_t age_ns);

struct contexts_figures {
	uint64_t count, bytes;
};
void contexts_figures(struct contexts *c, struct contexts_figures *out);

#endif
