/*
 * select - which stored runs a word means, the same for every command that reads
 * them.  A word is "last", a folder, an id or a part of one, or by what was recorded:
 * a label, a branch, a commit, a scenario; "label:x" says which of these is meant.
 *
 * A filter narrows what there is to choose from before the word is looked up: "last"
 * is then the last run of that scenario.  Its limit counts for each word.
 *
 * Life cycle: none of its own; fills a struct run_list (run_list.h).  Main thread.
 */
#ifndef OOMRIG_RECORD_SELECT_H
#define OOMRIG_RECORD_SELECT_H

#include <stdint.h>

#include "record/run_list.h"

struct select_filter {
	const char *scenario; /* NULL: any */
	char since[24];	      /* the start of an id, "20261121-114439": none is older; "": any */
	size_t limit;	      /* the newest so many; 0: all */
};

/*
 * "2026-11-30", "2026-11-30T12:00" (UTC, as ids are) or an age before now_wall_ns such as "12h", "7d" or "2w".
 * ERROR_USAGE says which forms there are.
 */
int select_parse_since(const char *text, uint64_t now_wall_ns, char out[24], struct error *err);

/*
 * Adds the runs that the word means and that are not in the list, oldest first.  ERROR_USAGE: it means none (the
 * nearest name is given), or several things, or is a part of several ids.  What cannot be read of a folder, and a run
 * that is meant by its id, becomes one of .damaged; for any other word nobody can tell what it was.
 */
int select_runs(struct run_list *list, const char *results, const char *word, const struct select_filter *filter,
		struct error *err);

/* Everything that the filter lets through, as run_list_try(); folders of runs that have lost their record too. */
int select_all(struct run_list *list, const char *results, const struct select_filter *filter, struct error *err);

/* The same without reading, but for a scenario that is asked for: ids for store_free_list(), oldest first. */
int select_ids(const char *results, const struct select_filter *filter, char ***ids, size_t *count, struct error *err);

#endif
