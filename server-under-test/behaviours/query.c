/*
 * P3, chunk-query-ge: one chunk is asked for as "this index or any later one, in
 * order", of which only the first row is read.  Without a key on (id,
 * chunk_index) SQLite's sorter takes in every chunk from there to the end of
 * the file first.
 *
 * What carries the memory is SQLite's defaults, left alone: cache_size (2,000
 * KiB) is also the size of a sorted run (vdbesort.c, mxPmaSize), temp_store is
 * a file, and the merge of the runs holds one record of each in memory, in a
 * buffer doubled up to 512 KiB (vdbesort.c, vdbePmaReadBlob): a 618 MB file
 * makes some 300 runs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "reader.h"
#include "server.h"

static const char chunk_or_later[] =
	"SELECT chunk_index, chunk FROM entries_data WHERE id = ?1 AND chunk_index >= ?2 ORDER BY chunk_index";

struct loaded_chunk {
	int64_t index;
	size_t len;
	char data[CHUNK_BYTES];
};

static int load(struct reader *r, struct db_connection *c, int64_t index, struct error *err)
{
	struct loaded_chunk *chunk = r->state;
	if (chunk == NULL) {
		r->state = chunk = xmalloc(sizeof(*chunk));
		chunk->index = -1;
	}
	if (chunk->index == index)
		return 0;
	sqlite3_stmt *s = db_statement(c, chunk_or_later, err);
	if (s == NULL)
		return -1;
	sqlite3_bind_text(s, 1, r->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, index);
	int step = sqlite3_step(s);
	int rc = 0;
	if (step == SQLITE_DONE || (step == SQLITE_ROW && sqlite3_column_int64(s, 0) != index)) {
		rc = error_set(err, ERROR_SYSTEM, "chunk %lld of '%s' is missing", (long long)index, r->id);
	} else if (step != SQLITE_ROW) {
		rc = db_fail(c, "read a chunk", err);
	} else {
		size_t len = (size_t)sqlite3_column_bytes(s, 1);
		chunk->len = len < CHUNK_BYTES ? len : CHUNK_BYTES;
		memcpy(chunk->data, sqlite3_column_blob(s, 1), chunk->len);
		chunk->index = index;
	}
	sqlite3_reset(s);
	return rc;
}

static int sorting_read(struct reader *r, struct db_connection *c, struct piece *piece, struct error *err)
{
	if (load(r, c, piece->index, err) != 0)
		return -1;
	const struct loaded_chunk *chunk = r->state;
	size_t left = piece->offset < chunk->len ? chunk->len - piece->offset : 0;
	piece->len = left < piece->max_bytes ? left : piece->max_bytes;
	memcpy(piece->data, chunk->data + piece->offset, piece->len);
	return 0;
}

static void sorting_release(struct reader *r)
{
	free(r->state);
}

const struct reader_strategy reader_sorting = {
	.read = sorting_read,
	.prepare = load,
	.release = sorting_release,
};

/* The original's connections had SQLite's default cache, which is what sizes the sorter's runs. */
static int restore_cache(struct server *server, struct db_connection *c, struct error *err)
{
	(void)server;
	if (c->role != DB_READ || sqlite3_exec(c->db, "PRAGMA cache_size=-2000", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return db_fail(c, "set the cache size", err);
}

const struct behaviour_hooks chunk_query_hooks = {
	.connection_opened = restore_cache,
};
