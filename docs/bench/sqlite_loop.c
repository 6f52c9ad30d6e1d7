/*
 * sqlite_loop - the bare loop the bundled server is measured against: rows of
 * 327,680 bytes into the same tables with the same pragmas, one commit each, and
 * nothing else.
 *
 *   sqlite_loop DIR BYTES
 *
 * Creates DIR/sqlite_loop.db (which must not exist), inserts BYTES bytes, prints
 * one line of JSON, and removes the database.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

#define CHUNK_BYTES 327680

static const char set_up[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=OFF;"
	"CREATE TABLE entries_data (id TEXT NOT NULL, chunk_index INTEGER NOT NULL, chunk BLOB NOT NULL);"
	"CREATE UNIQUE INDEX entries_data_key ON entries_data (id, chunk_index);";

static const char insert[] = "INSERT INTO entries_data (id, chunk_index, chunk) VALUES ('bare-loop-', ?1, ?2)";

static int run(sqlite3 *db, uint64_t total_bytes)
{
	sqlite3_stmt *s;
	if (sqlite3_exec(db, set_up, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, insert, -1, &s, NULL) != SQLITE_OK)
		return -1;
	unsigned char *chunk = xmalloc(CHUNK_BYTES);
	for (size_t i = 0; i < CHUNK_BYTES; i++)
		chunk[i] = (unsigned char)(i * 31);
	uint64_t start_ns = clock_ns();
	int rc = 0;
	int64_t index = 0;
	for (uint64_t done = 0; rc == 0 && done < total_bytes; done += CHUNK_BYTES) {
		uint64_t left = total_bytes - done;
		sqlite3_bind_int64(s, 1, index++);
		sqlite3_bind_blob64(s, 2, chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES, SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE)
			rc = -1;
		sqlite3_reset(s);
	}
	double seconds = (double)(clock_ns() - start_ns) / 1e9;
	sqlite3_finalize(s);
	free(chunk);
	if (rc == 0)
		printf("{\"bytes\":%llu,\"seconds\":%.3f,\"bytes_per_s\":%.0f}\n", (unsigned long long)total_bytes,
		       seconds, (double)total_bytes / seconds);
	return rc;
}

static void remove_files(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *name = xasprintf("%s%s", path, suffixes[i]);
		unlink(name);
		free(name);
	}
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	uint64_t total_bytes;
	if (argc != 3) {
		fprintf(stderr, "usage: sqlite_loop DIR BYTES\n");
		return 2;
	}
	if (units_parse_size(argv[2], &total_bytes, &err) != 0) {
		fprintf(stderr, "sqlite_loop: %s\n", err.message);
		return 2;
	}
	char *path = xasprintf("%s/sqlite_loop.db", argv[1]);
	if (access(path, F_OK) == 0) {
		fprintf(stderr, "sqlite_loop: '%s' exists\n", path);
		free(path);
		return 2;
	}
	sqlite3 *db;
	int rc = sqlite3_open(path, &db) == SQLITE_OK ? run(db, total_bytes) : -1;
	if (rc != 0)
		fprintf(stderr, "sqlite_loop: '%s': %s\n", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	remove_files(path);
	free(path);
	return rc == 0 ? 0 : 1;
}
