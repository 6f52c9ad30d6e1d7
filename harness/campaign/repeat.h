/*
 * repeat - a scenario run as often as asked, and nothing searched: what `oomrig
 * run` does with each of its scenarios.
 *
 * Life cycle: fill a struct campaign (trial.h); repeat_run() for each scenario.
 * Every run made is in .runs, whatever came of it.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_REPEAT_H
#define OOMRIG_CAMPAIGN_REPEAT_H

#include <stdbool.h>

#include "campaign/trial.h"

/* How often a scenario is run: asked 0, as often as it says itself. */
size_t repeat_count(const struct scenario *s, uint64_t asked);

/*
 * total: runs of all scenarios of the call.  The campaign's .made gets the note "run
 * 2/10" of several, NULL of a single one.  *stopped: the user interrupted, be it after
 * the last run had its verdict.  -1: a run could not be recorded.
 */
int repeat_run(struct campaign *c, const struct scenario *s, size_t runs, size_t total, bool *stopped,
	       struct error *err);

#endif
