/*
 * checkout - a commit of the server's sources in a git worktree of its own, built
 * there: what is compared live and what a bisection walks through.
 *
 * Life cycle: checkout_make(); use .folder; checkout_remove() takes the worktree
 * away again.  Main thread; waits for git and the build.
 */
#ifndef OOMRIG_CAMPAIGN_CHECKOUT_H
#define OOMRIG_CAMPAIGN_CHECKOUT_H

#include <stdbool.h>

#include "base/error.h"
#include "campaign/interrupt.h"
#include "scenario/scenario.h"

#define CHECKOUT_PREFIX "source-" /* then <owner>-<commit>-<random> (isolation/owner.h) */

struct checkout {
	char *folder; /* NULL: not there */
	char *commit; /* full name */
};

struct checkout_options {
	const char *repository; /* any folder of the checkout the refs belong to */
	const char *under;	/* where worktrees are made */
	const char *build;	/* a line for /bin/sh in the worktree; NULL: nothing to build */
};

/*
 * 0: built; -1: no such commit, or git failed.  *builds is false when the build
 * line failed: the worktree is gone again then, and *err holds the end of what it said.
 */
int checkout_make(struct checkout *c, const struct checkout_options *options, struct interrupt *interrupt,
		  const char *ref, bool *builds, struct error *err);
void checkout_remove(struct checkout *c);

/* Takes away a worktree, or what a killed rig left of one, and git's note of it. */
int checkout_discard(const char *folder, struct error *err);

/* Sets the server's command: the words with "{source}" replaced by the worktree's folder. */
void checkout_set_command(const struct checkout *c, struct scenario *s, char *const words[]);

#endif
