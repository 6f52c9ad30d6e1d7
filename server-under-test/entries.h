/*
 * entries - the SQL statements on the two tables (database.h).  Each function works on a connection
 * its caller has acquired and leaves no statement open.  Any thread.
 */
#ifndef CHUNKSERVER_ENTRIES_H
#define CHUNKSERVER_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"

#define ENTRY_ID_CHARS 10
#define ENTRY_ID_MAX 64 /* longest id that is looked up, '\0' included */

/* Ten random characters that need no escaping in a URL (RFC 4648 section 5). */
void entry_id_make(char id[ENTRY_ID_MAX]);

/* Letters, digits, '-' and '_', of a length an id can have. */
bool entry_id_valid(const char *id);

int store_insert_chunk(struct db_connection *c, const char *id, int64_t index, const void *data, size_t len,
		       struct error *err);

/* The row that makes an upload visible; filename may be NULL. */
int store_insert_entry(struct db_connection *c, const char *id, const char *filename, uint64_t size_bytes,
		       struct error *err);

/* The caller's view of an entry: what its row says, and how much can be read from the start without a gap. */
struct entry {
	char id[ENTRY_ID_MAX];
	uint64_t size_bytes;
	uint64_t readable_bytes;
};

/* 1 found, 0 no such entry, -1 failed. */
int store_find_entry(struct db_connection *c, const char *id, struct entry *out, struct error *err);

/* Removes the row; 1 removed, 0 no such entry, -1 failed.  Its chunks stay until forget_entry() (forget.h). */
int store_delete_entry(struct db_connection *c, const char *id, struct error *err);

/* Removes some chunks of an id; 1 more may remain, 0 none are left, -1 failed. */
int store_forget_some(struct db_connection *c, const char *id, struct error *err);

/* A stretch of one chunk, and where its bytes go. */
struct piece {
	int64_t index; /* of the chunk */
	size_t offset; /* within the chunk */
	void *data;
	size_t max_bytes; /* room at data */
	size_t len;	  /* how many bytes were read; 0 only past the chunk's end */
};

/* Reads a piece by the chunk's key, in place, without loading the rest of the chunk; a missing chunk fails. */
int store_read_chunk(struct db_connection *c, const char *id, struct piece *piece, struct error *err);

#endif
