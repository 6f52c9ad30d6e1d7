/*
 * floor_run - the floor search on real runs (floor_run.c), and what is said of it
 * (floor_print.c).
 *
 * Life cycle: floor_run() fills a zeroed struct floor_result as far as it comes,
 * also when it fails midway; floor_print() or floor_json(); floor_result_release().
 * The runs stay in the campaign's list.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_FLOOR_RUN_H
#define OOMRIG_CAMPAIGN_FLOOR_RUN_H

#include <jansson.h>
#include <stdio.h>

#include "campaign/floor.h"
#include "campaign/trial.h"

struct floor_trial {
	size_t run; /* in the campaign's list */
	uint64_t cap_bytes;
	bool survived;
};

struct floor_result {
	const char *scenario; /* borrowed */
	double precision;
	size_t budget;		    /* runs, the one without a cap included */
	struct fact uncapped_bytes; /* unreclaimable peak without a cap */
	struct fact guess_bytes;    /* what of that the search starts from */
	size_t uncapped_run;
	struct floor_search *search; /* NULL: not even the first run answered */
	struct floor_trial *trials;
	size_t count;
};

/* s->memory_bytes is changed from run to run and put back. */
int floor_run(struct campaign *c, struct scenario *s, double precision, size_t budget, struct floor_result *out,
	      struct error *err);
void floor_result_release(struct floor_result *r);

/* floor_print.c */
void floor_print(FILE *out, const struct floor_result *r);
json_t *floor_json(const struct floor_result *r, const struct run_list *runs);

#endif
