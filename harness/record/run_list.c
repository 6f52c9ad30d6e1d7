#include "record/run_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
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
	for (size_t i = 0; i < list->damaged_count; i++) {
		free(list->damaged[i].folder);
		free(list->damaged[i].why);
	}
	free(list->records);
	free(list->summaries);
	free(list->damaged);
	memset(list, 0, sizeof(*list));
}

static void add_damaged(struct run_list *list, const struct damaged_run *run)
{
	list->damaged = xrealloc(list->damaged, (list->damaged_count + 1) * sizeof(*list->damaged));
	list->damaged[list->damaged_count++] =
		(struct damaged_run){ .folder = xstrdup(run->folder), .file = run->file, .why = xstrdup(run->why) };
}

void run_list_try(struct run_list *list, const char *folder)
{
	struct error one = ERROR_INIT;
	if (run_list_read(list, folder, &one) == 0)
		return;
	log_warning("left out: %s", one.message);
	add_damaged(list, &(struct damaged_run){ (char *)(uintptr_t)folder, one.message, STORE_RECORD });
}

int run_list_add_list(struct run_list *list, const struct run_list *from, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < from->count; i++)
		rc = run_list_add_once(list, json_incref(from->records[i]), err);
	for (size_t i = 0; rc == 0 && i < from->damaged_count; i++)
		add_damaged(list, &from->damaged[i]);
	return rc;
}
