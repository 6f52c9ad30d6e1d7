#include "run/undo.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "record/store.h"
#include "target/strays.h"

/* A second thread, and the main one may be anywhere: nothing that it could hold is waited for. */
static void at_once(void *arg)
{
	struct undo *u = arg;
	struct isolation *iso = *u->isolation;
	struct error err = ERROR_INIT;
	if (iso != NULL && iso->backend->remove(iso, &err) != 0)
		ending_say(err.message);
	if (u->data != NULL && strays_end(u->data, NULL, NULL, &err) != 0)
		ending_say(err.message);
	if (u->record != NULL &&
	    store_abandon(u->record, "the user asked a second time to end before this run was judged", &err) != 0)
		ending_say(err.message);
	if (u->root != NULL && !u->keep_data && fs_remove_tree(u->root, &err) != 0)
		ending_say(err.message);
}

static void asked(void *arg)
{
	(void)arg; /* the run's loop has a party of its own, which ends before this one */
}

void undo_begin(struct undo *u)
{
	u->party = (struct ending_party){ .asked = asked, .at_once = at_once, .arg = u };
	strays_adopt();
	ending_join(&u->party);
}

void undo_note_record(struct undo *u, const char *folder)
{
	u->record = xstrdup(folder);
}

void undo_note_folders(struct undo *u)
{
	u->root = u->folders->root != NULL ? xstrdup(u->folders->root) : NULL;
	u->data = u->folders->data != NULL ? xstrdup(u->folders->data) : NULL;
}

static void name_stray(void *arg, pid_t pid, const char *program)
{
	(void)arg;
	log_warning("process %d (%s), left behind by the server, was ended", (int)pid, program);
}

static void close_isolation(struct undo *u)
{
	struct error err = ERROR_INIT;
	ending_hold();
	struct isolation *iso = *u->isolation;
	/* What a thread has in its hands goes from the machine, and stays in our memory. */
	bool in_use = iso != NULL && squeeze_holds_group(u->squeeze);
	if (iso != NULL && (in_use ? iso->backend->remove : iso->backend->close)(iso, &err) != 0)
		log_error("%s", err.message);
	*u->isolation = NULL;
	ending_release();
}

void undo_finish(struct undo *u)
{
	struct error err = ERROR_INIT;
	close_isolation(u);
	if (u->data != NULL && strays_end(u->data, name_stray, NULL, &err) != 0)
		log_error("%s", err.message);
	strays_release();
	if (folders_release(u->folders, u->keep_data, &err) != 0)
		log_error("%s", err.message);
	ending_leave(&u->party);
	free(u->root);
	free(u->data);
	free(u->record);
}
