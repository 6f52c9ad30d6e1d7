/*
 * reader - how a download gets at the bytes of an entry.
 *
 * Two strategies: by key, in pieces and without state (reader_keyed), or by
 * P3's query, a whole chunk at a time kept in memory (reader_sorting).
 *
 * Life cycle: reader_init, reader_prepare where reading will begin, reader_read
 * at rising or jumping offsets, reader_release.  One thread at a time.
 */
#ifndef CHUNKSERVER_READER_H
#define CHUNKSERVER_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "entries.h"

struct server;
struct reader;

struct reader_strategy {
	int (*read)(struct reader *r, struct db_connection *c, struct piece *piece, struct error *err);
	int (*prepare)(struct reader *r, struct db_connection *c, int64_t index, struct error *err); /* may be NULL */
	void (*release)(struct reader *r);							     /* may be NULL */
};

extern const struct reader_strategy reader_keyed;
extern const struct reader_strategy reader_sorting;

struct reader {
	struct server *server;
	const struct reader_strategy *strategy;
	void *state; /* the strategy's */
	char id[ENTRY_ID_MAX];
};

void reader_init(struct reader *r, struct server *server, const char *id);

/* Does what takes long before the answer's headers go out, as the original did; fails where reading would. */
int reader_prepare(struct reader *r, uint64_t offset, struct error *err);

/* Reads 1 to len bytes at an offset within the entry; a missing or short chunk is a failure. */
int reader_read(struct reader *r, uint64_t offset, void *data, size_t len, size_t *out_len, struct error *err);
void reader_release(struct reader *r);

#endif
