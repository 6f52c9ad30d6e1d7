/*
 * setup - a scenario as it is named and changed before it is run, and checked in
 * full: the one way for a single run, for campaigns and for the truth corpus.
 *
 * Life cycle: setup_scenario() fills *s, which the caller releases; -1: nothing
 * to release.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_SETUP_H
#define OOMRIG_CAMPAIGN_SETUP_H

#include "base/options.h"
#include "scenario/scenario.h"

struct setup {
	const char *memory;		  /* --memory; NULL: the scenario's */
	const struct option_list *set;	  /* --set, in their order */
	const struct option_list *expect; /* --expect; NULL or empty: the scenario's */
	char *const *command;		  /* the words after "--"; NULL: the scenario's */
};

/* name: a path, "-" for standard input, or the name of one that comes with the program (base/home.h).  All is borrowed.
 */
int setup_scenario(struct scenario *s, const char *name, const struct setup *setup, struct error *err);

/* Several, each set up alike. */
struct setup_scenarios {
	struct scenario *items;
	size_t count;
};

/*
 * names: NULL-terminated; a folder stands for the scenarios below it.  All are read
 * before the first one runs: a typing error in the last must not cost the night.
 * setup_release() in any case.
 */
int setup_scenarios(struct setup_scenarios *out, char *const *names, const struct setup *setup, struct error *err);
void setup_release(struct setup_scenarios *scenarios);

#endif
