#include "ingest.h"

#include <string.h>

#include "hooks.h"

int ingest_begin(struct ingest *ingest, struct server *server, struct error *err)
{
	memset(ingest, 0, sizeof(*ingest));
	ingest->server = server;
	ingest->sink = server_has(server, SINGLE_TRANSACTION) ? &sink_transaction : &sink_queue;
	entry_id_make(ingest->id);
	return ingest->sink->begin(ingest, err);
}

int ingest_write(struct ingest *ingest, const char *data, size_t len, struct error *err)
{
	if (atomic_load(&ingest->server->stopping))
		return error_set(err, ERROR_INTERRUPTED, "the server is stopping");
	if (ingest->sink->write(ingest, data, len, err) != 0)
		return -1;
	ingest->size_bytes += len;
	return 0;
}

int ingest_commit(struct ingest *ingest, const char *filename, struct error *err)
{
	struct server *server = ingest->server;
	if (ingest->sink->commit(ingest, filename, err) != 0)
		return -1;
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (server, hooks, upload_stored)
		hooks->upload_stored(server);
	return 0;
}

void ingest_abort(struct ingest *ingest)
{
	ingest->sink->abort(ingest);
}
