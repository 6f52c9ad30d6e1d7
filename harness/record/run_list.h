/*
 * run_list - stored or fresh runs held together: the records and the summaries
 * that borrow from them, and the names of those that cannot be read.
 *
 * Life cycle: zeroed memory is an empty list; run_list_add*(), read .summaries
 * and .records (and .damaged), run_list_release().  Adding moves the arrays: keep indexes, not
 * pointers.  Main thread.
 */
#ifndef OOMRIG_RECORD_RUN_LIST_H
#define OOMRIG_RECORD_RUN_LIST_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "record/summary.h"

/* A run whose record cannot be read. */
struct damaged_run {
	char *folder, *why; /* heap */
	const char *file;   /* the one at fault, in the folder; static */
};

struct run_list {
	json_t **records;
	struct run_summary *summaries;
	size_t count;
	struct damaged_run *damaged;
	size_t damaged_count;
};

/* Takes the record over, also on failure. */
int run_list_add(struct run_list *list, json_t *record, struct error *err);

/* Reads a run's folder; one whose run is in the list already adds nothing. */
int run_list_read(struct run_list *list, const char *folder, struct error *err);

/* The same, but a record that cannot be read becomes one of .damaged, with a warning, instead of an error. */
void run_list_try(struct run_list *list, const char *folder);

/* Adds the one stored run that is meant, as store_find() finds it, unless it is in the list. */
int run_list_find(struct run_list *list, const char *results, const char *what, struct error *err);

/* Takes the runs of other scenarios out; returns how many are left. */
size_t run_list_keep(struct run_list *list, const char *scenario);

/*
 * Adds every stored run that `what` means and that is not in the list, oldest first: "last", the newest one; those with
 * that label; else those whose server's sources were on that branch, or at a commit that begins so (seven digits at
 * least); else those whose id begins so; else the runs in the folder `what` (a run's own or one of many).  What fits
 * nothing is ERROR_USAGE and names the nearest label or branch.  Of a folder what cannot be read is added to .damaged;
 * otherwise it is only warned of, since nobody can tell what it was.
 */
int run_list_select(struct run_list *list, const char *results, const char *what, struct error *err);

/* Everything in a results folder, oldest first, as run_list_try(); folders of runs that have lost their record too. */
int run_list_read_all(struct run_list *list, const char *results, struct error *err);

void run_list_release(struct run_list *list);

#endif
