/*
 * compare_run - two servers run in turn, in random order within each pair, so that what
 * changes on the machine meanwhile falls on both alike.
 *
 * The two are either commits of the server's sources, each built in a worktree of
 * its own, or two commands.  The label of each run is the name of its side.
 * Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_COMPARE_RUN_H
#define OOMRIG_CAMPAIGN_COMPARE_RUN_H

#include "campaign/checkout.h"
#include "campaign/trial.h"

struct compare_run_options {
	char *const *names;   /* two: commits with a command, otherwise commands, their words parted by blanks */
	char *const *command; /* with {source}; NULL: the names are commands */
	struct checkout_options checkout;
	size_t runs; /* of each side */
	uint64_t seed;
};

/* lists[k]: the valid runs of side k, which share their records with c->runs. */
int compare_run(struct campaign *c, struct scenario *s, const struct compare_run_options *options,
		struct run_list lists[2], struct error *err);

#endif
