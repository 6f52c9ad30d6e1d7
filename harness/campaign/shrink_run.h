/*
 * shrink_run - the smallest load that still crashes a server (shrink_run.c): fewer
 * clients, fewer and smaller files, a shorter time; and what is said of it
 * (shrink_print.c).
 *
 * Life cycle: shrink_run() fills a zeroed struct shrink_result as far as it comes,
 * also when it fails midway, and leaves the smallest load found in the scenario;
 * shrink_print() or shrink_json(); shrink_result_release().  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_SHRINK_RUN_H
#define OOMRIG_CAMPAIGN_SHRINK_RUN_H

#include <jansson.h>
#include <stdio.h>

#include "base/options.h"
#include "base/units.h"
#include "campaign/shrink.h"
#include "campaign/trial.h"

/* What a figure of the search is in the scenario. */
struct shrink_key {
	char *name;	 /* "load.tabs.size" */
	uint64_t *value; /* borrowed from the scenario, in the key's unit */
	const char *(*format)(uint64_t value, char out[UNITS_TEXT_MAX]); /* as --set reads it */
};

struct shrink_result {
	struct shrink *search; /* NULL: it did not begin */
	struct shrink_key *keys;
	size_t count; /* of keys, and of the search's figures */
};

/* ERROR_INPUT: the load as it is does not crash the server every time. */
int shrink_run(struct campaign *c, struct scenario *s, const struct shrink_options *options, struct shrink_result *out,
	       struct error *err);

/* Is there something to tell: has the load crashed at all? */
bool shrink_found(const struct shrink_result *r);

void shrink_result_release(struct shrink_result *r);

/* How the scenario was named on the command line, for the line that reproduces the crash; borrowed. */
struct shrink_typed {
	const char *path, *memory; /* memory NULL: not given */
	const struct option_list *set;
	char *const *command; /* NULL: not given */
};

/* shrink_print.c */
void shrink_print(FILE *out, const struct shrink_result *r, const struct shrink_typed *typed);
json_t *shrink_json(const struct shrink_result *r, const struct shrink_typed *typed);

#endif
