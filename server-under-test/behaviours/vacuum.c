/*
 * P5, vacuum-interval and vacuum-temp-store: a thread that rewrites the whole
 * database every so often, on a connection of its own.  The copy is built in
 * a temporary file (in --tmp) or in memory and then passes through the log.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "log.h"
#include "server.h"
#include "ticker.h"

static const char vacuum_sql[] = "VACUUM";

struct vacuum {
	struct ticker *ticker;
	struct server *server;
	atomic_uint passes;
};

static void vacuum_once(void *arg)
{
	struct vacuum *v = arg;
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

static int vacuum_start(struct server *server, struct error *err)
{
	struct vacuum *v = xcalloc(1, sizeof(*v));
	v->server = server;
	if (ticker_start(&v->ticker, server->behaviour[VACUUM_INTERVAL], vacuum_once, v, err) != 0) {
		free(v);
		return -1;
	}
	server->vacuum = v;
	return 0;
}

static void vacuum_stop(struct server *server)
{
	ticker_stop(server->vacuum->ticker);
	free(server->vacuum);
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
