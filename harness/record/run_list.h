/*
 * run_list - stored or fresh runs held together: the records and the summaries
 * that borrow from them, and the names of those that cannot be read.
 *
 * Life cycle: zeroed memory is an empty list; run_list_add*() or select.h, read .summaries
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

/* The same unless it is in the list: an id ends in random digits, so what has the same is that run, or a copy of it. */
int run_list_add_once(struct run_list *list, json_t *record, struct error *err);

/* Reads a run's folder; one whose run is in the list already adds nothing. */
int run_list_read(struct run_list *list, const char *folder, struct error *err);

/* The same, but a record that cannot be read becomes one of .damaged, with a warning, instead of an error. */
void run_list_try(struct run_list *list, const char *folder);

/* Adds what another list holds, and knows of as damaged. */
int run_list_add_list(struct run_list *list, const struct run_list *from, struct error *err);

void run_list_release(struct run_list *list);

#endif
