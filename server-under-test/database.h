/*
 * database - the SQLite file that holds everything, and the pool of
 * connections to it.
 *
 *   entries       one row per finished upload; nothing without a row is served
 *   entries_data  the bytes, in rows of CHUNK_BYTES
 *
 * Connections are opened when asked for and kept while few are idle, as the
 * original's pool did.  Writers, readers and maintenance (P5) have pools of their
 * own, because the first writing connection is the one P6 sets a pragma on.
 *
 * Life cycle: database_open; any number of db_acquire / db_release; when
 * stopping, database_interrupt wakes whoever runs a statement; database_close
 * once all are released.  A connection belongs to the thread that acquired it;
 * the pool may be used by any.  Failures carry ENOSPC (disk full) or EBUSY
 * (locked for longer than BUSY_TIMEOUT_MS) in err->sys_errno.
 */
#ifndef CHUNKSERVER_DATABASE_H
#define CHUNKSERVER_DATABASE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct server;

#define BUSY_TIMEOUT_MS 5000
#define STATEMENTS_MAX 16

enum db_role { DB_WRITE, DB_READ, DB_MAINTENANCE, DB_ROLE_COUNT };

struct db_connection {
	struct database *database;
	sqlite3 *db;
	enum db_role role;
	bool is_first; /* of its role, since the server started */
	struct {
		const char *sql; /* compared by address */
		sqlite3_stmt *statement;
	} cache[STATEMENTS_MAX];
	struct db_connection *next_idle;
	struct db_connection *next, *previous; /* all open ones */
};

struct db_pool {
	struct db_connection *idle;
	unsigned idle_count, open_count, opened_ever;
	unsigned open_max;
};

struct database {
	struct server *server;
	char *path;
	pthread_mutex_t lock;
	pthread_cond_t released;
	struct db_pool pools[DB_ROLE_COUNT];
	struct db_connection *all;
	bool interrupted;
	unsigned deferred; /* open connections that have left their pool and wait to be closed (C1) */
	atomic_uint open_statements;
};

/* Creates the file and the schema as the behaviours want it; must come after behaviour_resolve(). */
int database_open(struct database *d, struct server *server, const char *dir, struct error *err);
void database_interrupt(struct database *d);
void database_close(struct database *d);

/* Bytes of a file beside the database ("" itself, "-wal", "-shm"); 0 where there is none. */
uint64_t database_file_bytes(const struct database *d, const char *suffix);
unsigned database_open_connections(struct database *d);

/*
 * Fails with ENOSPC when a chunk could take what deleting needs: room for the log
 * and for the checkpoint that empties it; without a reserve a full disk could not
 * be emptied again.  The log's own file and the database's free pages are room too.
 */
int database_check_space(struct db_connection *c, struct error *err);

/* Copies the log into the database, so that the next write begins it anew; false: not all of it. */
bool database_make_room(struct db_connection *c);

/* Waits while the role has as many as it may; NULL on failure or when stopping. */
struct db_connection *db_acquire(struct database *d, enum db_role role, struct error *err);
void db_release(struct db_connection *c);

/* Closes a connection that db_release() has left to the clean-up (C1). */
void db_close_deferred(struct db_connection *c);

/*
 * The prepared statement for sql (a string that outlives the connection), reset
 * and without bindings; it stays the connection's.  Call sqlite3_reset() when
 * done with it: a statement in mid-step keeps its transaction open.
 */
sqlite3_stmt *db_statement(struct db_connection *c, const char *sql, struct error *err);

/* Runs a statement that returns no rows and resets it; what: "store a chunk", for the message. */
int db_finish(struct db_connection *c, sqlite3_stmt *statement, const char *what, struct error *err);

/* As db_statement and db_finish, for SQL without parameters. */
int db_run(struct db_connection *c, const char *sql, const char *what, struct error *err);

/* Fills err from the connection's last failure: "cannot WHAT: database is locked".  Returns -1. */
int db_fail(struct db_connection *c, const char *what, struct error *err);

#endif
