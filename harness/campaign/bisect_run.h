/*
 * bisect_run - the bisection on real commits: a worktree for each, built once and
 * taken away at the end.
 *
 * Life cycle: bisect_run() fills a zeroed struct bisect_result as far as it comes,
 * also when it fails midway; bisect_print() or bisect_json(); bisect_result_release()
 * removes the worktrees.  The runs stay in the campaign's list.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_BISECT_RUN_H
#define OOMRIG_CAMPAIGN_BISECT_RUN_H

#include "campaign/bisect.h"
#include "campaign/checkout.h"
#include "campaign/trial.h"

struct bisect_options {
	struct checkout_options checkout;
	const char *good, *bad;
	char *const *command; /* with {source}; the server's */
	double confidence;
	size_t budget;
};

struct bisect_result {
	struct bisect *search; /* NULL: there is no range */
	char **names;	       /* commits, oldest first */
	struct checkout *checkouts;
	size_t count;
};

int bisect_run(struct campaign *c, struct scenario *s, const struct bisect_options *options, struct bisect_result *out,
	       struct error *err);

/* Is one commit known to be the first? */
bool bisect_found(const struct bisect_result *r);

void bisect_print(FILE *out, const struct bisect_result *r, const char *repository);
json_t *bisect_json(const struct bisect_result *r, const char *repository);
void bisect_result_release(struct bisect_result *r);

#endif
