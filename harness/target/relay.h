/*
 * relay - carries what the server prints from a pipe into server.log, on a
 * thread of its own, so that the server never waits for the rig's loop.
 *
 * What is kept is bounded: the first RELAY_HEAD_BYTES go to the file as they
 * come, the last RELAY_TAIL_BYTES are held in memory and appended at the end
 * behind a line that says how much is missing between the two.  Secrets
 * (base/mask.h) never reach the file.  A disk that is full drops the rest, which
 * counts as dropped; the pipe is emptied all the same.
 *
 * Life cycle: relay_start(), relay_fd() for the server's descriptors (one relay
 * serves all its lives), relay_settle() whenever what it has printed so far is
 * to be looked at, relay_stop().  Loop thread, but for the callback.
 */
#ifndef OOMRIG_TARGET_RELAY_H
#define OOMRIG_TARGET_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RELAY_HEAD_BYTES (64u << 20)
#define RELAY_TAIL_BYTES (1u << 20)

struct relay_options {
	const char *path;  /* of server.log */
	const char *await; /* text to look for, see relay_found(); borrowed, may be NULL */
	/* Each piece as it goes on, on the relay's thread; may be NULL. */
	void (*piece)(void *arg, const char *data, size_t len);
	void *arg;
};

struct relay_totals {
	uint64_t bytes;		/* printed by the server */
	uint64_t dropped_bytes; /* of those, not in the file */
};

struct relay;
int relay_start(struct relay **out, const struct relay_options *options, struct error *err);

/* The end of the pipe to write to; stays the relay's. */
int relay_fd(const struct relay *r);

/* A new life begins: the note goes into the log, and only what comes after it can be found. */
void relay_new_life(struct relay *r, const char *note);
/* Has the text that is awaited been printed in this life? */
bool relay_found(struct relay *r);

/* Waits until all that was in the pipe at this moment has gone on. */
void relay_settle(struct relay *r, struct relay_totals *totals);

/* Settles, completes the file, ends the thread and frees; NULL is ignored. */
void relay_stop(struct relay *r);

#endif
