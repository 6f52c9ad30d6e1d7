/*
 * places - where in its files a scenario's keys stand, for messages about what no
 * single value tells.  Filled by the loader, asked by the checks.
 */
#ifndef OOMRIG_SCENARIO_PLACES_H
#define OOMRIG_SCENARIO_PLACES_H

#include <stddef.h>

struct place_item {
	char *key, *where; /* "server.command", "FILE:LINE" */
};

struct place_list {
	struct place_item *items;
	size_t count;
};

/* Notes where a key stands; of several places of the same key the one noted last counts. */
void places_note(struct place_list *list, const char *key, const char *file, size_t line);
/* The key, and all below it, now has a value that no file holds (--set): its places are dropped. */
void places_forget(struct place_list *list, const char *key);
/* "FILE:LINE" of the key, or of the nearest one around it; otherwise when none is known. */
const char *places_find(const struct place_list *list, const char *key, const char *otherwise);
void places_release(struct place_list *list);

#endif
