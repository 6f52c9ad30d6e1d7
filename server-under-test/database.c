#include "database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/buf.h"
#include "base/fs.h"
#include "cleanup.h"
#include "hooks.h"

/* database/sql of the original keeps this many idle connections (its DefaultMaxIdleConns). */
#define IDLE_MAX 2
/* Readers work in pieces and give the connection back after each; these are enough for two cores. */
#define READERS_MAX 4
/* With P3 each reader sits in a sorter for seconds; the original had no limit at all. */
#define READERS_MAX_SORTING 64
#define WRITERS_MAX 64
#define BUSY_POLL_MS 10
/* A log that is due for its checkpoint (1,000 pages) and the database growing by as much. */
#define RESERVE_LOG_BYTES (4ULL << 20)
#define RESERVE_GROWTH_BYTES (4ULL << 20)

/* secure_delete is on in Debian's build and would overwrite what a delete frees. */
#define WRITING_PRAGMAS "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=OFF;"
static const char *const pragmas[DB_ROLE_COUNT] = {
	[DB_WRITE] = WRITING_PRAGMAS,
	[DB_MAINTENANCE] = WRITING_PRAGMAS,
	/* A reader passes over each page once: SQLite's default of 2 MB would only be filled, never used. */
	[DB_READ] = "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-256;",
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS entries (id TEXT PRIMARY KEY, filename TEXT, size INTEGER NOT NULL,"
	" upload_time TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS entries_data (id TEXT NOT NULL, chunk_index INTEGER NOT NULL,"
	" chunk BLOB NOT NULL);";

/* The key a PRIMARY KEY on a rowid table would make; as an index it can be dropped again for P3. */
static const char schema_with_key[] =
	"CREATE UNIQUE INDEX IF NOT EXISTS entries_data_key ON entries_data (id, chunk_index);"
	"DROP INDEX IF EXISTS entries_data_length;";

static const char schema_without_key[] =
	"CREATE INDEX IF NOT EXISTS entries_data_length ON entries_data (id, length(chunk));"
	"DROP INDEX IF EXISTS entries_data_key;";

int db_fail(struct db_connection *c, const char *what, struct error *err)
{
	int code = sqlite3_errcode(c->db) & 0xff;
	error_set(err, code == SQLITE_INTERRUPT ? ERROR_INTERRUPTED : ERROR_SYSTEM, "cannot %s: %s", what,
		  sqlite3_errmsg(c->db));
	if (code == SQLITE_FULL)
		err->sys_errno = ENOSPC;
	else if (code == SQLITE_BUSY)
		err->sys_errno = EBUSY;
	else
		err->sys_errno = sqlite3_system_errno(c->db);
	return -1;
}

/* SQLite's own busy handler sleeps through a shutdown; this one looks. */
static int wait_busy(void *arg, int tries)
{
	const struct server *server = arg;
	if (atomic_load(&server->stopping) || tries * BUSY_POLL_MS >= BUSY_TIMEOUT_MS)
		return 0;
	nanosleep(&(struct timespec){ .tv_nsec = BUSY_POLL_MS * 1000000L }, NULL);
	return 1;
}

static int execute(struct db_connection *c, const char *sql, const char *what, struct error *err)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(c, what, err);
}

static void connection_free(struct db_connection *c)
{
	for (size_t i = 0; i < STATEMENTS_MAX && c->cache[i].sql != NULL; i++) {
		sqlite3_finalize(c->cache[i].statement);
		atomic_fetch_sub(&c->database->open_statements, 1);
	}
	sqlite3_close(c->db);
	free(c);
}

static struct db_connection *connection_new(struct database *d, enum db_role role, bool is_first, struct error *err)
{
	struct db_connection *c = xcalloc(1, sizeof(*c));
	c->database = d;
	c->role = role;
	c->is_first = is_first;
	/* One thread at a time holds a connection, so SQLite need not lock it (sqlite.org/threadsafe.html). */
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(d->path, &c->db, flags, NULL) != SQLITE_OK) {
		db_fail(c, "open the database", err);
		connection_free(c);
		return NULL;
	}
	sqlite3_busy_handler(c->db, wait_busy, d->server);
	/* The last close would copy the whole log back, seconds of work that the next start does not need. */
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	int rc = execute(c, pragmas[role], "set up a connection", err);
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (d->server, hooks, connection_opened)
		if (rc == 0)
			rc = hooks->connection_opened(d->server, c, err);
	if (rc != 0) {
		connection_free(c);
		return NULL;
	}
	return c;
}

struct db_connection *db_acquire(struct database *d, enum db_role role, struct error *err)
{
	struct db_pool *pool = &d->pools[role];
	struct db_connection *c = NULL;
	pthread_mutex_lock(&d->lock);
	while (pool->idle == NULL && pool->open_count >= pool->open_max && !d->interrupted)
		pthread_cond_wait(&d->released, &d->lock);
	bool interrupted = d->interrupted;
	bool is_first = false;
	if (!interrupted && pool->idle != NULL) {
		c = pool->idle;
		pool->idle = c->next_idle;
		pool->idle_count--;
	} else if (!interrupted) {
		pool->open_count++;
		is_first = pool->opened_ever++ == 0;
	}
	pthread_mutex_unlock(&d->lock);
	if (interrupted) {
		error_set(err, ERROR_INTERRUPTED, "the server is stopping");
		return NULL;
	}
	if (c != NULL)
		return c;
	c = connection_new(d, role, is_first, err);
	pthread_mutex_lock(&d->lock);
	if (c == NULL) {
		pool->open_count--;
		pthread_cond_broadcast(&d->released);
	} else {
		c->next = d->all;
		if (d->all != NULL)
			d->all->previous = c;
		d->all = c;
	}
	pthread_mutex_unlock(&d->lock);
	return c;
}

static void unlink_connection(struct database *d, struct db_connection *c)
{
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		d->all = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
}

void db_release(struct db_connection *c)
{
	struct database *d = c->database;
	struct db_pool *pool = &d->pools[c->role];
	pthread_mutex_lock(&d->lock);
	bool deferred = c->role == DB_READ && d->server->cleanup != NULL; /* C1 */
	bool keep = !deferred && (c->is_first || pool->idle_count < IDLE_MAX);
	if (keep && !c->is_first && pool->idle != NULL && pool->idle->is_first) {
		/* The first one stays in front: it is the one a lone writer always gets. */
		c->next_idle = pool->idle->next_idle;
		pool->idle->next_idle = c;
		pool->idle_count++;
	} else if (keep) {
		c->next_idle = pool->idle;
		pool->idle = c;
		pool->idle_count++;
	} else {
		unlink_connection(d, c);
		pool->open_count--;
	}
	pthread_cond_broadcast(&d->released);
	d->deferred += deferred;
	pthread_mutex_unlock(&d->lock);
	if (deferred)
		cleanup_post_connection(d->server->cleanup, c);
	else if (!keep)
		connection_free(c);
}

void db_close_deferred(struct db_connection *c)
{
	struct database *d = c->database;
	connection_free(c);
	pthread_mutex_lock(&d->lock);
	d->deferred--;
	pthread_mutex_unlock(&d->lock);
}

int database_open(struct database *d, struct server *server, const char *dir, struct error *err)
{
	memset(d, 0, sizeof(*d));
	d->server = server;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->released, NULL);
	d->pools[DB_WRITE].open_max = WRITERS_MAX;
	d->pools[DB_MAINTENANCE].open_max = 1;
	d->pools[DB_READ].open_max = server_has(server, CHUNK_QUERY_GE) ? READERS_MAX_SORTING : READERS_MAX;
	if (fs_make_dirs(dir, err) != 0)
		return -1;
	d->path = xasprintf("%s/store.db", dir);
	struct db_connection *c = db_acquire(d, DB_WRITE, err);
	if (c == NULL)
		return error_prefix(err, "'%s'", d->path);
	int rc = execute(c, schema, "create the tables", err);
	if (rc == 0)
		rc = execute(c, server_has(server, CHUNK_QUERY_GE) ? schema_without_key : schema_with_key,
			     "create the indexes", err);
	db_release(c);
	return rc == 0 ? 0 : error_prefix(err, "'%s'", d->path);
}

void database_interrupt(struct database *d)
{
	pthread_mutex_lock(&d->lock);
	d->interrupted = true;
	for (struct db_connection *c = d->all; c != NULL; c = c->next)
		sqlite3_interrupt(c->db);
	pthread_cond_broadcast(&d->released);
	pthread_mutex_unlock(&d->lock);
}

void database_close(struct database *d)
{
	while (d->all != NULL) {
		struct db_connection *c = d->all;
		unlink_connection(d, c);
		connection_free(c);
	}
	pthread_cond_destroy(&d->released);
	pthread_mutex_destroy(&d->lock);
	free(d->path);
}

uint64_t database_file_bytes(const struct database *d, const char *suffix)
{
	char *path = xasprintf("%s%s", d->path, suffix);
	struct stat st;
	uint64_t bytes = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
	free(path);
	return bytes;
}

/* What was deleted stays in the file, to be used again. */
static int free_bytes_inside(struct db_connection *c, uint64_t *out, struct error *err)
{
	sqlite3_stmt *s =
		db_statement(c, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size", err);
	if (s == NULL)
		return -1;
	int rc = sqlite3_step(s) == SQLITE_ROW ? 0 : db_fail(c, "count the free pages", err);
	*out = rc == 0 ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return rc;
}

static uint64_t beyond(uint64_t wanted, uint64_t there)
{
	return wanted > there ? wanted - there : 0;
}

int database_check_space(struct db_connection *c, struct error *err)
{
	const struct database *d = c->database;
	struct statvfs fs;
	uint64_t inside;
	if (statvfs(d->path, &fs) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot look at the disk of '%s'", d->path);
	uint64_t on_disk = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (on_disk >= RESERVE_LOG_BYTES + RESERVE_GROWTH_BYTES)
		return 0;
	if (free_bytes_inside(c, &inside, err) != 0)
		return -1;
	if (on_disk < beyond(RESERVE_LOG_BYTES, database_file_bytes(d, "-wal")) + beyond(RESERVE_GROWTH_BYTES, inside))
		return error_set_errno(err, ERROR_SYSTEM, ENOSPC, "cannot store a chunk");
	return 0;
}

bool database_make_room(struct db_connection *c)
{
	int in_log = 0, copied = 0;
	return sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied) == SQLITE_OK &&
	       copied == in_log;
}

unsigned database_open_connections(struct database *d)
{
	pthread_mutex_lock(&d->lock);
	unsigned count = d->deferred;
	for (size_t i = 0; i < DB_ROLE_COUNT; i++)
		count += d->pools[i].open_count;
	pthread_mutex_unlock(&d->lock);
	return count;
}

sqlite3_stmt *db_statement(struct db_connection *c, const char *sql, struct error *err)
{
	size_t i = 0;
	while (i < STATEMENTS_MAX && c->cache[i].sql != NULL) {
		if (c->cache[i].sql == sql) {
			sqlite3_clear_bindings(c->cache[i].statement);
			return c->cache[i].statement;
		}
		i++;
	}
	sqlite3_stmt *statement;
	if (i == STATEMENTS_MAX) {
		error_set(err, ERROR_BUG, "more than %d different statements on one connection", STATEMENTS_MAX);
		return NULL;
	}
	if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
		db_fail(c, "prepare a statement", err);
		return NULL;
	}
	c->cache[i].sql = sql;
	c->cache[i].statement = statement;
	atomic_fetch_add(&c->database->open_statements, 1);
	return statement;
}

int db_finish(struct db_connection *c, sqlite3_stmt *statement, const char *what, struct error *err)
{
	int rc = sqlite3_step(statement) == SQLITE_DONE ? 0 : db_fail(c, what, err);
	sqlite3_reset(statement);
	return rc;
}

int db_run(struct db_connection *c, const char *sql, const char *what, struct error *err)
{
	sqlite3_stmt *statement = db_statement(c, sql, err);
	return statement == NULL ? -1 : db_finish(c, statement, what, err);
}
