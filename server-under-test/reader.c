#include "reader.h"

#include <string.h>

#include "server.h"

static int keyed_read(struct reader *r, struct db_connection *c, struct piece *piece, struct error *err)
{
	return store_read_chunk(c, r->id, piece, err);
}

const struct reader_strategy reader_keyed = { .read = keyed_read };

void reader_init(struct reader *r, struct server *server, const char *id)
{
	r->server = server;
	r->strategy = server_has(server, CHUNK_QUERY_GE) ? &reader_sorting : &reader_keyed;
	r->state = NULL;
	memcpy(r->id, id, strlen(id) + 1);
}

int reader_prepare(struct reader *r, uint64_t offset, struct error *err)
{
	if (r->strategy->prepare == NULL)
		return 0;
	struct db_connection *c = db_acquire(&r->server->database, DB_READ, err);
	if (c == NULL)
		return -1;
	int rc = r->strategy->prepare(r, c, (int64_t)(offset / CHUNK_BYTES), err);
	db_release(c);
	return rc;
}

int reader_read(struct reader *r, uint64_t offset, void *data, size_t len, size_t *out_len, struct error *err)
{
	struct db_connection *c = db_acquire(&r->server->database, DB_READ, err);
	if (c == NULL)
		return -1;
	struct piece piece = {
		.index = (int64_t)(offset / CHUNK_BYTES),
		.offset = (size_t)(offset % CHUNK_BYTES),
		.data = data,
		.max_bytes = len,
	};
	int rc = r->strategy->read(r, c, &piece, err);
	db_release(c);
	*out_len = piece.len;
	if (rc == 0 && piece.len == 0)
		rc = error_set(err, ERROR_SYSTEM, "chunk %lld of '%s' is too short", (long long)piece.index, r->id);
	return rc;
}

void reader_release(struct reader *r)
{
	if (r->strategy->release != NULL)
		r->strategy->release(r);
}
