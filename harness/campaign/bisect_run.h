/*
 * bisect_run - the bisection on real commits (bisect_run.c): a worktree for each,
 * built once and taken away at the end; and what is said of it (bisect_print.c).
 *
 * Life cycle: bisect_run() fills a zeroed struct bisect_result as far as it comes,
 * also when it fails midway; bisect_print() or bisect_json(); bisect_result_release()
 * removes the worktrees.  The runs stay in the campaign's list.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_BISECT_RUN_H
#define OOMRIG_CAMPAIGN_BISECT_RUN_H

#include "campaign/bisect.h"
#include "campaign/checkout.h"
#include "campaign/floor_run.h"
#include "campaign/trial.h"

#define BISECT_SHOWN 10 /* digits of a commit, for people */

struct bisect_options {
	struct checkout_options checkout;
	const char *oldest, *newest;
	char *const *command;	/* with {source}; the server's */
	double floor_precision; /* above 0: a run "ends otherwise" when it dies under a cap between the floors of the
				 * two ends, which are searched to that precision */
	double confidence;
	size_t budget; /* runs at most, those for floors not counted */
};

struct bisect_result {
	struct bisect *search; /* NULL: there is no range */
	char **names;	       /* commits, oldest first */
	char **subjects;       /* of their messages */
	struct checkout *checkouts;
	size_t count;
	struct floor_result floors[2]; /* of the oldest and the newest; only by floor */
	uint64_t memory_bytes;	       /* between the two; 0: the scenario's cap */
};

int bisect_run(struct campaign *c, struct scenario *s, const struct bisect_options *options, struct bisect_result *out,
	       struct error *err);

/* Is one commit known to be the first? */
bool bisect_found(const struct bisect_result *r);

void bisect_result_release(struct bisect_result *r);

/* bisect_print.c */
void bisect_print(FILE *out, const struct bisect_result *r);
json_t *bisect_json(const struct bisect_result *r);

#endif
