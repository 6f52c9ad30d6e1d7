#include "record/run_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "record/store.h"

int run_list_add(struct run_list *list, json_t *record, struct error *err)
{
	size_t n = list->count + 1;
	list->records = xrealloc(list->records, n * sizeof(*list->records));
	list->summaries = xrealloc(list->summaries, n * sizeof(*list->summaries));
	if (summary_read(&list->summaries[list->count], record, err) != 0) {
		json_decref(record);
		return -1;
	}
	list->records[list->count++] = record;
	return 0;
}

int run_list_add_once(struct run_list *list, json_t *record, struct error *err)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	for (size_t i = 0; id != NULL && i < list->count; i++)
		if (strcmp(list->summaries[i].id, id) == 0) {
			json_decref(record);
			return 0;
		}
	return run_list_add(list, record, err);
}

int run_list_read(struct run_list *list, const char *folder, struct error *err)
{
	json_t *record = store_read(folder, err);
	if (record == NULL)
		return -1;
	return run_list_add_once(list, record, err) == 0 ? 0 : error_prefix(err, "'%s'", folder);
}

void run_list_release(struct run_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		summary_release(&list->summaries[i]);
		json_decref(list->records[i]);
	}
	free(list->records);
	free(list->summaries);
	memset(list, 0, sizeof(*list));
}
