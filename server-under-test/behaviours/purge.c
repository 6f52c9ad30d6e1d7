/*
 * P7, eager-purge: after each upload, chunks without an entry are deleted.  The
 * entry is written last, so the chunks of every upload in flight are among them
 * (unless P4 hides them in its transaction).  The upload goes on, is answered
 * with 200, and has lost its beginning.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "log.h"
#include "server.h"

static const char purge_orphans[] = "DELETE FROM entries_data WHERE id NOT IN (SELECT id FROM entries)";

static int purge_run(struct db_connection *c, struct job *job, struct error *err)
{
	(void)job;
	return db_run(c, purge_orphans, "purge orphaned chunks", err);
}

static void purge_done(struct job *job, int result, const struct error *err)
{
	if (result != 0 && err->code != ERROR_INTERRUPTED)
		server_log("%s", err->message);
	free(job);
}

static void purge_post(struct server *server)
{
	struct job *job = xcalloc(1, sizeof(*job));
	job->run = purge_run;
	job->done = purge_done;
	if (!writer_post(&server->writer, job))
		free(job);
}

const struct behaviour_hooks eager_purge_hooks = {
	.upload_stored = purge_post,
};
