/*
 * P5, vacuum-interval and vacuum-temp-store: a thread that rewrites the whole
 * database every so often, on a connection of its own.  The copy is built in
 * a temporary file (in --tmp) or in memory and then passes through the log.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "server.h"

static const char vacuum_sql[] = "VACUUM";

struct vacuum {
	struct server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	atomic_uint passes;
};

static void vacuum_once(struct vacuum *v)
{
	struct error err = ERROR_INIT;
	struct db_connection *c = db_acquire(&v->server->database, DB_MAINTENANCE, &err);
	int rc = c == NULL ? -1 : db_run(c, vacuum_sql, "vacuum", &err);
	if (c != NULL)
		db_release(c);
	if (rc == 0)
		atomic_fetch_add(&v->passes, 1);
	else if (err.code != ERROR_INTERRUPTED)
		server_log("%s", err.message);
}

static void *vacuum_main(void *arg)
{
	struct vacuum *v = arg;
	pthread_mutex_lock(&v->lock);
	while (!v->stopping) {
		/* From the end of the pass before: one that outlasts the interval must not be followed at once. */
		uint64_t due_ns = clock_ns() + v->server->behaviour[VACUUM_INTERVAL];
		struct timespec ts = { .tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S) };
		while (!v->stopping && clock_ns() < due_ns)
			pthread_cond_timedwait(&v->wake, &v->lock, &ts);
		if (v->stopping)
			break;
		pthread_mutex_unlock(&v->lock);
		vacuum_once(v);
		pthread_mutex_lock(&v->lock);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

static int vacuum_start(struct server *server, struct error *err)
{
	struct vacuum *v = xcalloc(1, sizeof(*v));
	v->server = server;
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->wake, &attr);
	pthread_condattr_destroy(&attr);
	int rc = pthread_create(&v->thread, NULL, vacuum_main, v);
	if (rc != 0) {
		free(v);
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the vacuum's thread");
	}
	server->vacuum = v;
	return 0;
}

static void vacuum_stop(struct server *server)
{
	struct vacuum *v = server->vacuum;
	pthread_mutex_lock(&v->lock);
	v->stopping = true;
	pthread_cond_signal(&v->wake);
	pthread_mutex_unlock(&v->lock);
	pthread_join(v->thread, NULL);
	pthread_cond_destroy(&v->wake);
	pthread_mutex_destroy(&v->lock);
	free(v);
	server->vacuum = NULL;
}

static int set_temp_store(struct server *server, struct db_connection *c, struct error *err)
{
	if (c->role != DB_MAINTENANCE)
		return 0;
	const char *sql = server_has(server, VACUUM_TEMP_STORE) ? "PRAGMA temp_store=MEMORY" : "PRAGMA temp_store=FILE";
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(c, "set temp_store", err);
}

static void vacuum_debug(struct server *server, json_t *report)
{
	json_object_set_new(report, "vacuum_passes", json_integer(atomic_load(&server->vacuum->passes)));
}

const struct behaviour_hooks vacuum_hooks = {
	.start = vacuum_start,
	.stop = vacuum_stop,
	.connection_opened = set_temp_store,
	.debug = vacuum_debug,
};
