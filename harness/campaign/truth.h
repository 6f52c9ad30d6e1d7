/*
 * truth - the rig measured against runs whose truth is known: the corpus of
 * tests/truth/ and the golden pair, each as often as asked, each with a seed of
 * its own.  A scenario's first "expect" (and expect_data_loss) is its label.
 * A run of a case about time that met a busy host counts neither as right nor
 * as wrong, whatever came out.
 *
 * Life cycle: truth_run() runs everything and calls back after each run;
 * truth_release().  Runs that came out right, or were not judged, leave no folder unless keep is
 * set.  Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_TRUTH_H
#define OOMRIG_CAMPAIGN_TRUTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "campaign/confusion.h"

struct truth_case {
	char *path, *name, *label;
	const char *assignment; /* "KEY=VALUE" set on the scenario, NULL: none */
	bool timed; /* tagged "time": its verdict is about time, and not judged while the host is too busy */
	uint64_t runs, right, not_judged;
};

/* One run that has ended. */
struct truth_outcome {
	const struct truth_case *of;
	uint64_t number, total; /* of all runs, from 1 */
	uint64_t seed;
	const char *verdict;  /* as a label */
	const char *evidence; /* its first line */
	const char *folder;   /* gone if right or not judged, and not kept */
	bool right;
	bool judged;	     /* false: the host was too busy, and right says nothing */
	double waited_share; /* of the run, in which a program of the host waited for a CPU; 0: not known */
};

struct truth_options {
	const char *program; /* folder of the oomrig program: tests/truth/ and scenarios/ are looked for there */
	const char *corpus;  /* another folder of labelled scenarios instead of both; NULL: none */
	const char *results;
	const char *const *only; /* names to take, NULL: all */
	size_t only_count;
	uint64_t runs, seed; /* the first run of each case has that seed, the second the next */
	bool keep;
	const char *const *command_line;			      /* recorded */
	void (*done)(void *arg, const struct truth_outcome *outcome); /* may be NULL */
	void *arg;
};

struct truth {
	struct truth_case *cases;
	size_t count;
	struct confusion confusion; /* of what was judged */
	uint64_t not_judged;
	bool interrupted; /* by the user: what is there is what ran until then */
};

/* 0: all that was asked for ran, or the user stopped it.  An unknown name in only is ERROR_USAGE. */
int truth_run(const struct truth_options *options, struct truth *out, struct error *err);

void truth_release(struct truth *t);

/* truth_print.c */
void truth_print_outcome(FILE *out, const struct truth_outcome *o);
void truth_print(FILE *out, const struct truth *t, uint64_t took_ns);
json_t *truth_json(const struct truth *t, uint64_t took_ns); /* a new reference */

/*
 * Puts the result as Markdown into a file, between the lines "<!-- selftest: begin -->" and "<!-- selftest: end -->".
 * ERROR_INPUT: it lacks them.
 */
int truth_write(const char *path, const struct truth *t, struct error *err);

#endif
