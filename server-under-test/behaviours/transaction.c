/*
 * P4, single-transaction: the upload's chunks and its entry are written on a
 * connection of its own in one transaction.  Pages spill from SQLite's 2 MB
 * cache into the log; another writer waits for the lock, BUSY_TIMEOUT_MS long.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ingest.h"
#include "log.h"
#include "server.h"

static const char begin[] = "BEGIN";
static const char commit[] = "COMMIT";
static const char rollback[] = "ROLLBACK";

struct transaction_state {
	struct db_connection *connection; /* NULL until there is something to write */
	int64_t next_index;
	size_t fill;
	char chunk[CHUNK_BYTES];
};

static int transaction_begin(struct ingest *ingest, struct error *err)
{
	(void)err;
	struct transaction_state *t = xmalloc(sizeof(*t));
	t->connection = NULL;
	t->next_index = 0;
	t->fill = 0;
	ingest->state = t;
	return 0;
}

static int open_transaction(struct ingest *ingest, struct error *err)
{
	struct transaction_state *t = ingest->state;
	if (t->connection != NULL)
		return 0;
	t->connection = db_acquire(&ingest->server->database, DB_WRITE, err);
	return t->connection == NULL ? -1 : db_run(t->connection, begin, "begin a transaction", err);
}

static int write_chunk(struct ingest *ingest, struct error *err)
{
	struct transaction_state *t = ingest->state;
	if (open_transaction(ingest, err) != 0 ||
	    store_insert_chunk(t->connection, ingest->id, t->next_index, t->chunk, t->fill, err) != 0)
		return -1;
	t->next_index++;
	t->fill = 0;
	return 0;
}

static int transaction_write(struct ingest *ingest, const char *data, size_t len, struct error *err)
{
	struct transaction_state *t = ingest->state;
	while (len > 0) {
		size_t n = CHUNK_BYTES - t->fill;
		if (n > len)
			n = len;
		memcpy(t->chunk + t->fill, data, n);
		t->fill += n;
		data += n;
		len -= n;
		if (t->fill == CHUNK_BYTES && write_chunk(ingest, err) != 0)
			return -1;
	}
	return 0;
}

static int transaction_commit(struct ingest *ingest, const char *filename, struct error *err)
{
	struct transaction_state *t = ingest->state;
	if ((t->fill > 0 && write_chunk(ingest, err) != 0) || open_transaction(ingest, err) != 0 ||
	    store_insert_entry(t->connection, ingest->id, filename, ingest->size_bytes, err) != 0 ||
	    db_run(t->connection, commit, "commit the upload", err) != 0)
		return -1;
	db_release(t->connection);
	free(t);
	return 0;
}

static void transaction_abort(struct ingest *ingest)
{
	struct transaction_state *t = ingest->state;
	if (t->connection != NULL) {
		/* A full disk ends the transaction by itself (sqlite.org/lang_transaction.html). */
		struct error err = ERROR_INIT;
		if (!sqlite3_get_autocommit(t->connection->db) &&
		    db_run(t->connection, rollback, "roll back the upload", &err) != 0)
			server_log("%s", err.message);
		db_release(t->connection);
	}
	free(t);
}

const struct sink sink_transaction = {
	.begin = transaction_begin,
	.write = transaction_write,
	.commit = transaction_commit,
	.abort = transaction_abort,
};
