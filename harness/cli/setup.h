/*
 * setup - a scenario as a command line names it and changes it: one way for all
 * subcommands that run one.
 *
 * Life cycle: setup_scenario() fills *s, which the caller releases; -1: nothing
 * to release.  Main thread.
 */
#ifndef OOMRIG_CLI_SETUP_H
#define OOMRIG_CLI_SETUP_H

#include "base/options.h"
#include "scenario/scenario.h"

struct setup {
	const char *isolation;		  /* --isolation; NULL: the scenario's */
	const char *memory;		  /* --memory; NULL: the scenario's */
	const struct option_list *set;	  /* --set, in their order */
	const struct option_list *expect; /* --expect; NULL or empty: the scenario's */
	char *const *command;		  /* the words after "--"; NULL: the scenario's */
};

/* name: a path, or the name of one that comes with the program (base/home.h).  All is borrowed. */
int setup_scenario(struct scenario *s, const char *name, const struct setup *setup, struct error *err);

#endif
