/*
 * undo - what a run has made outside of its own memory, and how all of it is taken
 * away in any state: when the run is over, or at once on another thread when the
 * user has asked for the second time (base/ending.h).
 *
 * Life cycle: undo_begin(); record, folders and group are noted under ending_hold() as they are
 * made; undo_finish() at the end of the run.  Main thread.
 */
#ifndef OOMRIG_RUN_UNDO_H
#define OOMRIG_RUN_UNDO_H

#include <stdbool.h>

#include "base/ending.h"
#include "isolation/isolation.h"
#include "run/folders.h"
#include "run/squeeze.h"

struct undo {
	struct isolation **isolation;  /* borrowed; NULL in there: none was made, or it is gone */
	struct folders *folders;       /* borrowed */
	const struct squeeze *squeeze; /* borrowed */
	bool keep_data;
	struct ending_party party;
	char *root, *data; /* copies of the folders' paths; NULL: not made */
	char *record;	   /* the run's folder */
};

/* The first four fields are the caller's. */
void undo_begin(struct undo *u);
/* They are made; under ending_hold(). */
void undo_note_record(struct undo *u, const char *folder);
void undo_note_folders(struct undo *u);
/* Ends the server with all that it has started, removes group and folders; what cannot go is named. */
void undo_finish(struct undo *u);

#endif
