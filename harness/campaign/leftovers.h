/*
 * leftovers - what rigs left that were killed before they could clean up: servers
 * that still run, their groups, work folders, worktrees, folders of runs without a
 * record; and records that say "running", which are brought to an end.
 *
 * The name of a thing, or its record, says which rig made it, with that rig's start
 * time (isolation/owner.h).  What belongs to a rig that lives, or to one that cannot
 * be looked at, is not touched.  A thing that cannot be removed is reported, and the
 * others are removed all the same.  Two cleaners of one results folder wait for each
 * other; what another cleaner has removed meanwhile counts as done.  Main thread.
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
