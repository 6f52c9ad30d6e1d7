/*
 * trial - one question to a scenario, answered by a run that proves something:
 * did the server live?  A run that is invalid is no answer; it is made again, and
 * after TRIAL_TRIES the campaign ends with an error rather than with a guess.
 *
 * Life cycle: fill a struct campaign (zeroed runs), trial() as often as needed;
 * every run made, invalid ones included, is in .runs; run_list_release() it.
 * Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_TRIAL_H
#define OOMRIG_CAMPAIGN_TRIAL_H

#include "campaign/executor.h"
#include "campaign/interrupt.h"
#include "report/estimate.h"

#define TRIAL_TRIES 3

struct campaign {
	const struct executor *executor;
	struct run_options options; /* title is set for each trial */
	/* Called after each run; note: which of the campaign's, in words.  NULL: nobody listens. */
	void (*made)(const struct run_summary *run, const char *note);
	struct run_list runs;
	struct interrupt *interrupt; /* asked between runs */
	size_t left_min, left_max;   /* runs still to make, the next one included; min 0: not known, max 0: not said */
	struct estimate estimate;    /* of the runs made so far */
};

/*
 * *run: index into c->runs of the run that answered.  ERROR_INTERRUPTED when the
 * user stopped it, ERROR_ENVIRONMENT when no try was valid.  what: for the
 * progress display, "floor 3/20".
 */
int trial(struct campaign *c, const struct scenario *s, const char *what, size_t *run, struct error *err);

#endif
