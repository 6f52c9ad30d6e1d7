/*
 * run_list - stored or fresh runs held together: the records and the summaries
 * that borrow from them.
 *
 * Life cycle: zeroed memory is an empty list; run_list_add*() or select.h, read .summaries
 * and .records, run_list_release().  Adding moves the arrays: keep indexes, not
 * pointers.  Main thread.
 */
#ifndef OOMRIG_RECORD_RUN_LIST_H
#define OOMRIG_RECORD_RUN_LIST_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "record/summary.h"

struct run_list {
	json_t **records;
	struct run_summary *summaries;
	size_t count;
};

/* Takes the record over, also on failure. */
int run_list_add(struct run_list *list, json_t *record, struct error *err);

/* The same unless it is in the list: an id ends in random digits, so what has the same is that run, or a copy of it. */
int run_list_add_once(struct run_list *list, json_t *record, struct error *err);

/* Reads a run's folder; one whose run is in the list already adds nothing. */
int run_list_read(struct run_list *list, const char *folder, struct error *err);

void run_list_release(struct run_list *list);

#endif
