/*
 * P6, no-autocheckpoint: the pragma a replicator asks for, given to one
 * connection of the pool only, as happens when it is executed on a pool.  That
 * connection does the writing, so the log grows until another one, whose
 * default is 1,000 pages, happens to write.
 */
#include "server.h"

static int stop_checkpoints(struct server *server, struct db_connection *c, struct error *err)
{
	(void)server;
	if (c->role != DB_WRITE || !c->is_first ||
	    sqlite3_exec(c->db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return db_fail(c, "set wal_autocheckpoint", err);
}

const struct behaviour_hooks checkpoint_hooks = {
	.connection_opened = stop_checkpoints,
};
