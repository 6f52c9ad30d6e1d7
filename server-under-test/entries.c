#include "entries.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "hooks.h"

static const char insert_chunk[] = "INSERT INTO entries_data (id, chunk_index, chunk) VALUES (?1, ?2, ?3)";
static const char insert_entry[] = "INSERT INTO entries (id, filename, size, upload_time) VALUES (?1, ?2, ?3, ?4)";
static const char find_entry[] = "SELECT size FROM entries WHERE id = ?1";
static const char chunk_indexes[] = "SELECT chunk_index FROM entries_data WHERE id = ?1 ORDER BY chunk_index";
static const char delete_entry[] = "DELETE FROM entries WHERE id = ?1";
/* In steps, so that deleting a large file does not keep uploads waiting. */
static const char forget_some[] =
	"DELETE FROM entries_data WHERE rowid IN (SELECT rowid FROM entries_data WHERE id = ?1 LIMIT 64)";
static const char chunk_rowid[] = "SELECT rowid FROM entries_data WHERE id = ?1 AND chunk_index = ?2";

static const char id_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void entry_id_make(char id[ENTRY_ID_MAX])
{
	unsigned char random[ENTRY_ID_CHARS];
	while (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		/* interrupted before the pool was ready (getrandom(2)): ask again */
	}
	for (size_t i = 0; i < ENTRY_ID_CHARS; i++)
		id[i] = id_alphabet[random[i] & 63];
	id[ENTRY_ID_CHARS] = '\0';
}

bool entry_id_valid(const char *id)
{
	size_t len = strlen(id);
	return len > 0 && len < ENTRY_ID_MAX && strspn(id, id_alphabet) == len;
}

int store_insert_chunk(struct db_connection *c, const char *id, int64_t index, const void *data, size_t len,
		       struct error *err)
{
	sqlite3_stmt *s = db_statement(c, insert_chunk, err);
	if (s == NULL)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, index);
	sqlite3_bind_blob64(s, 3, data, len, SQLITE_STATIC);
	if (db_finish(c, s, "store a chunk", err) != 0)
		return -1;
	struct server *server = c->database->server;
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (server, hooks, chunk_stored)
		hooks->chunk_stored(server, len);
	return 0;
}

int store_insert_entry(struct db_connection *c, const char *id, const char *filename, uint64_t size_bytes,
		       struct error *err)
{
	sqlite3_stmt *s = db_statement(c, insert_entry, err);
	if (s == NULL)
		return -1;
	char now[CLOCK_RFC3339_MAX];
	clock_rfc3339(clock_wall_ns(), now);
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, filename, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, (int64_t)size_bytes);
	sqlite3_bind_text(s, 4, now, -1, SQLITE_STATIC);
	return db_finish(c, s, "store the entry", err);
}

/* Length of the unbroken run of chunks from the first one. */
static int count_readable(struct db_connection *c, struct entry *entry, struct error *err)
{
	sqlite3_stmt *s = db_statement(c, chunk_indexes, err);
	if (s == NULL)
		return -1;
	sqlite3_bind_text(s, 1, entry->id, -1, SQLITE_STATIC);
	int64_t next = 0;
	int step;
	while ((step = sqlite3_step(s)) == SQLITE_ROW && sqlite3_column_int64(s, 0) == next)
		next++;
	int rc = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : db_fail(c, "look up the chunks", err);
	sqlite3_reset(s);
	uint64_t reach = (uint64_t)next * CHUNK_BYTES;
	entry->readable_bytes = reach < entry->size_bytes ? reach : entry->size_bytes;
	return rc;
}

int store_find_entry(struct db_connection *c, const char *id, struct entry *out, struct error *err)
{
	sqlite3_stmt *s = db_statement(c, find_entry, err);
	if (s == NULL)
		return -1;
	memset(out, 0, sizeof(*out));
	memcpy(out->id, id, strlen(id) + 1);
	sqlite3_bind_text(s, 1, out->id, -1, SQLITE_STATIC);
	int step = sqlite3_step(s);
	int found = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : db_fail(c, "look up the entry", err);
	if (found == 1)
		out->size_bytes = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	if (found == 1 && count_readable(c, out, err) != 0)
		return -1;
	return found;
}

static int delete_by_id(struct db_connection *c, const char *sql, const char *id, const char *what, struct error *err)
{
	sqlite3_stmt *s = db_statement(c, sql, err);
	if (s == NULL)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	if (db_finish(c, s, what, err) != 0)
		return -1;
	return sqlite3_changes(c->db) > 0;
}

int store_delete_entry(struct db_connection *c, const char *id, struct error *err)
{
	return delete_by_id(c, delete_entry, id, "delete the entry", err);
}

int store_forget_some(struct db_connection *c, const char *id, struct error *err)
{
	return delete_by_id(c, forget_some, id, "delete chunks", err);
}

int store_read_chunk(struct db_connection *c, const char *id, struct piece *piece, struct error *err)
{
	sqlite3_stmt *s = db_statement(c, chunk_rowid, err);
	if (s == NULL)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, piece->index);
	int step = sqlite3_step(s);
	sqlite3_blob *blob = NULL;
	int rc;
	if (step == SQLITE_DONE)
		rc = error_set(err, ERROR_SYSTEM, "chunk %lld of '%s' is missing", (long long)piece->index, id);
	else if (step != SQLITE_ROW)
		rc = db_fail(c, "look up a chunk", err);
	else if (sqlite3_blob_open(c->db, "main", "entries_data", "chunk", sqlite3_column_int64(s, 0), 0, &blob) !=
		 SQLITE_OK)
		rc = db_fail(c, "open a chunk", err);
	else {
		size_t size = (size_t)sqlite3_blob_bytes(blob);
		size_t left = piece->offset >= size ? 0 : size - piece->offset;
		piece->len = left < piece->max_bytes ? left : piece->max_bytes;
		rc = 0;
		if (piece->len > 0 &&
		    sqlite3_blob_read(blob, piece->data, (int)piece->len, (int)piece->offset) != SQLITE_OK)
			rc = db_fail(c, "read a chunk", err);
	}
	sqlite3_blob_close(blob);
	sqlite3_reset(s);
	return rc;
}
