/*
 * ingest - one upload's way into the database: bytes in, rows of CHUNK_BYTES
 * out, and the entry's row last, so that nothing half-stored is ever visible.
 *
 * How rows are written is the sink's business: through the writer's queue, each
 * committed as it comes (sink_queue), or in one transaction of the upload's own
 * (P4, sink_transaction).
 *
 * Life cycle: ingest_begin; ingest_write as often as there are bytes; then
 * exactly one of ingest_commit and ingest_abort, also after a failed write or
 * a failed commit (then abort).  One thread at a time.
 */
#ifndef CHUNKSERVER_INGEST_H
#define CHUNKSERVER_INGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "entries.h"

struct server;
struct ingest;

/*
 * `commit` stores what is left and the entry's row; on failure `abort` follows.
 * `abort` leaves no rows behind.  Both release the sink's state in the end:
 * commit when it succeeds, abort always.
 */
struct sink {
	int (*begin)(struct ingest *ingest, struct error *err);
	int (*write)(struct ingest *ingest, const char *data, size_t len, struct error *err);
	int (*commit)(struct ingest *ingest, const char *filename, struct error *err);
	void (*abort)(struct ingest *ingest);
};

extern const struct sink sink_queue;
extern const struct sink sink_transaction;

struct ingest {
	struct server *server;
	const struct sink *sink;
	void *state; /* the sink's */
	char id[ENTRY_ID_MAX];
	uint64_t size_bytes;
};

int ingest_begin(struct ingest *ingest, struct server *server, struct error *err);
int ingest_write(struct ingest *ingest, const char *data, size_t len, struct error *err);
int ingest_commit(struct ingest *ingest, const char *filename, struct error *err);
void ingest_abort(struct ingest *ingest);

#endif
