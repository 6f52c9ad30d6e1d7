/*
 * shrink - the smallest load that still crashes a server: fewer clients, fewer
 * and smaller files, a shorter time, one after the other and again until nothing
 * gives way any more.
 *
 * A smaller load counts as crashing only when each of several runs crashed, and a
 * single run that lives ends its trial: the result is a reproduction to rely on,
 * not one that got lucky.
 *
 * Life cycle: shrink_run() fills a zeroed struct shrink_result and changes the
 * scenario to the smallest load found; print; shrink_result_release().  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_SHRINK_H
#define OOMRIG_CAMPAIGN_SHRINK_H

#include "base/buf.h"
#include "base/units.h"
#include "campaign/trial.h"

struct shrink_options {
	size_t confirm;	  /* runs that must all crash */
	size_t budget;	  /* runs at most */
	double precision; /* sizes and durations are known to this share */
};

struct shrink_step {
	char *key;		/* "load.tabs.size" */
	uint64_t before, after; /* in the key's unit */
	const char *(*format)(uint64_t value, char out[UNITS_TEXT_MAX]);
};

struct shrink_result {
	struct shrink_step *steps; /* one per key that gave way */
	size_t count, runs;
	bool complete; /* no part can be made smaller; false: the budget is used */
};

/* ERROR_INPUT: the load as it is does not crash the server every time. */
int shrink_run(struct campaign *c, struct scenario *s, const struct shrink_options *options, struct shrink_result *out,
	       struct error *err);

/* Appends " --set load.tabs.clients=1 ...": what makes the scenario's file the smallest load. */
void shrink_settings(struct buf *b, const struct shrink_result *r);

void shrink_result_release(struct shrink_result *r);

#endif
