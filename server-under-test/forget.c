#include "forget.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "log.h"
#include "server.h"
#include "entries.h"

static const char orphan_ids[] = "SELECT DISTINCT id FROM entries_data WHERE id NOT IN (SELECT id FROM entries)";

struct forget {
	struct job job;
	struct server *server;
	struct forget *next_failed;
	int more;
	char id[ENTRY_ID_MAX];
};

static pthread_mutex_t failed_lock = PTHREAD_MUTEX_INITIALIZER;
static struct forget *failed;

static int forget_run(struct db_connection *c, struct job *job, struct error *err)
{
	struct forget *f = (struct forget *)job;
	f->more = store_forget_some(c, f->id, err);
	return f->more < 0 ? -1 : 0;
}

static void post(struct forget *f)
{
	if (!writer_post(&f->server->writer, &f->job))
		free(f); /* stopping: the next start finds the orphans */
}

static void forget_done(struct job *job, int result, const struct error *err)
{
	struct forget *f = (struct forget *)job;
	if (result == 0 && f->more) {
		post(f);
	} else if (result == 0 || err->code == ERROR_INTERRUPTED) {
		free(f);
	} else {
		server_log("chunks of '%s' are left for later: %s", f->id, err->message);
		pthread_mutex_lock(&failed_lock);
		f->next_failed = failed;
		failed = f;
		pthread_mutex_unlock(&failed_lock);
	}
}

static struct forget *take_failed(void)
{
	pthread_mutex_lock(&failed_lock);
	struct forget *list = failed;
	failed = NULL;
	pthread_mutex_unlock(&failed_lock);
	return list;
}

void forget_entry(struct server *server, const char *id)
{
	for (struct forget *f = take_failed(), *next; f != NULL; f = next) {
		next = f->next_failed;
		post(f);
	}
	struct forget *f = xcalloc(1, sizeof(*f));
	f->job.run = forget_run;
	f->job.done = forget_done;
	f->server = server;
	memcpy(f->id, id, strlen(id) + 1);
	post(f);
}

int forget_orphans(struct server *server, struct error *err)
{
	struct db_connection *c = db_acquire(&server->database, DB_READ, err);
	if (c == NULL)
		return -1;
	sqlite3_stmt *s = db_statement(c, orphan_ids, err);
	int rc = s == NULL ? -1 : 0;
	int step = SQLITE_DONE;
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
		const char *id = (const char *)sqlite3_column_text(s, 0);
		if (id != NULL && strlen(id) < ENTRY_ID_MAX)
			forget_entry(server, id);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = db_fail(c, "look for orphaned chunks", err);
	sqlite3_reset(s);
	db_release(c);
	return rc;
}

void forget_release(void)
{
	for (struct forget *f = take_failed(), *next; f != NULL; f = next) {
		next = f->next_failed;
		free(f);
	}
}
