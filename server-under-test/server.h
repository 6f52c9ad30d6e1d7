/*
 * server - what the parts of chunkserver share: the settings, the behaviours,
 * and the one instance of each part.  Built and taken down by main.c, in the
 * order of the fields; read-only in between except through the parts' own
 * functions and the atomics.
 */
#ifndef CHUNKSERVER_SERVER_H
#define CHUNKSERVER_SERVER_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "behaviour.h"
#include "database.h"
#include "tempfile.h"
#include "writer.h"

/* The unit of storage, and of every behaviour that counts chunks (case studies, P). */
#define CHUNK_BYTES 327680

/* Stack of a connection's thread; SQLite's deepest path here stays far below it. */
#define CONNECTION_STACK_BYTES (256 * 1024)

struct collector;
struct vacuum;
struct producers;
struct cleanup;
struct share;
struct ticker;
struct contexts;

struct server {
	const char *host;
	uint16_t port; /* 0: any */
	uint64_t idle_timeout_ns;
	uint64_t behaviour[BEHAVIOUR_COUNT]; /* 0 = off, otherwise in the unit of its type */

	atomic_bool stopping; /* set once; everybody who waits looks at it */
	struct temp_files temp_files;
	struct database database;
	struct writer writer;
	struct collector *collector;  /* P1, NULL while it is off */
	struct vacuum *vacuum;	      /* P5, NULL while it is off */
	struct producers *producers;  /* H2, NULL while it is off */
	struct cleanup *cleanup;      /* C1, NULL while it is off */
	struct share *share;	      /* C1, NULL while nothing blocks */
	struct ticker *canary;	      /* C2, NULL while it is off */
	struct contexts *contexts;    /* R1, NULL while it is off */
	struct ticker *context_purge; /* R1's second fix, NULL while it is off */

	atomic_uint_fast64_t requests; /* begun since the start */
	atomic_uint uploads_in_flight;
	atomic_uint downloads_in_flight;

	struct MHD_Daemon *daemon;
	struct MHD_Daemon *debug_daemon; /* NULL unless asked for */
};

static inline bool server_has(const struct server *server, enum behaviour_id id)
{
	return server->behaviour[id] != 0;
}

#endif
