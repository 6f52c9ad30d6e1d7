/*
 * leftovers - what rigs left that were killed before they could clean up: servers
 * that still run, their groups, work folders, worktrees, folders of runs without a
 * record; and records that say "running", which are brought to an end.
 *
 * Whose something is, is in its name or record, with the start time of that rig
 * (isolation/owner.h): what a living rig owns, or one that cannot be looked at, is
 * not touched.  Each leftover by itself: one that cannot go is told and keeps none of
 * the others.  Several at once wait for one another in a results folder, and
 * take it for done where another one, of other results, was quicker.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_LEFTOVERS_H
#define OOMRIG_CAMPAIGN_LEFTOVERS_H

#include <stdbool.h>

#include "base/error.h"

enum leftover_deed { LEFTOVER_REMOVED, LEFTOVER_KILLED, LEFTOVER_MARKED, LEFTOVER_DEEDS };

struct leftovers {
	const char *results, *work; /* borrowed; a link in the place of work is not followed, and named */
	bool dry_run;		    /* only look */
	/* The deed was done, or would be; what is the thing, for people. */
	void (*done)(void *arg, enum leftover_deed deed, const char *what);
	void (*failed)(void *arg, const struct error *err);
	void *arg;
};

void leftovers_clean(const struct leftovers *l);

#endif
