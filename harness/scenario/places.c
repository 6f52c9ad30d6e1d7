#include "scenario/places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void places_note(struct place_list *list, const char *key, const char *file, size_t line)
{
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] =
		(struct place_item){ .key = xstrdup(key), .where = xasprintf("%s:%zu", file, line) };
}

static bool within(const char *key, const char *around)
{
	size_t len = strlen(around);
	return strncmp(key, around, len) == 0 && (key[len] == '\0' || key[len] == '.');
}

void places_forget(struct place_list *list, const char *key)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!within(list->items[i].key, key)) {
			list->items[kept++] = list->items[i];
			continue;
		}
		free(list->items[i].key);
		free(list->items[i].where);
	}
	list->count = kept;
}

const char *places_find(const struct place_list *list, const char *key, const char *otherwise)
{
	size_t longest = 0;
	for (size_t i = 0; i < list->count; i++) {
		size_t len = strlen(list->items[i].key);
		if (len >= longest && within(key, list->items[i].key)) {
			longest = len;
			otherwise = list->items[i].where;
		}
	}
	return otherwise;
}

void places_release(struct place_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].key);
		free(list->items[i].where);
	}
	free(list->items);
	*list = (struct place_list){ 0 };
}
