#include "record/run_list.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "record/store.h"

#define COMMIT_DIGITS_MIN 7

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

/* An id ends in random digits: what has the same one is the same run, or a copy of its folder. */
static int add_once(struct run_list *list, json_t *record, struct error *err)
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
	return record != NULL ? add_once(list, record, err) : -1;
}

int run_list_find(struct run_list *list, const char *results, const char *what, struct error *err)
{
	char *folder = store_find(results, what, err);
	int rc = folder != NULL ? run_list_read(list, folder, err) : -1;
	free(folder);
	return rc;
}

static void release_one(struct run_list *list, size_t i)
{
	summary_release(&list->summaries[i]);
	json_decref(list->records[i]);
}

size_t run_list_keep(struct run_list *list, const char *scenario)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->summaries[i].scenario, scenario) != 0) {
			release_one(list, i);
			continue;
		}
		list->summaries[kept] = list->summaries[i];
		list->records[kept++] = list->records[i];
	}
	return list->count = kept;
}

void run_list_release(struct run_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		release_one(list, i);
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

int run_list_read_all(struct run_list *list, const char *results, struct error *err)
{
	char **ids;
	size_t count;
	if (store_list_all(results, &ids, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char *folder = xasprintf("%s/%s", results, ids[i]);
		run_list_try(list, folder);
		free(folder);
	}
	store_free_list(ids, count);
	return 0;
}

static const char *source_text(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(record, "server_source"), key));
	return text != NULL ? text : "";
}

static bool has_label(const struct run_list *l, size_t i, const char *what)
{
	return strcmp(l->summaries[i].label, what) == 0;
}

static bool is_of_source(const struct run_list *l, size_t i, const char *what)
{
	size_t len = strlen(what);
	return strcmp(source_text(l->records[i], "branch"), what) == 0 ||
	       (len >= COMMIT_DIGITS_MIN && strncmp(source_text(l->records[i], "commit"), what, len) == 0);
}

static bool has_id(const struct run_list *l, size_t i, const char *what)
{
	return strncmp(l->summaries[i].id, what, strlen(what)) == 0;
}

/* In the order of the header: what was named by hand goes before what was recorded by itself. */
static bool (*const meanings[])(const struct run_list *l, size_t i, const char *what) = { has_label, is_of_source,
											  has_id };

static int select_folder(struct run_list *list, const char *folder, struct error *err)
{
	char *record = xasprintf("%s/" STORE_RECORD, folder);
	struct run_list found = { 0 };
	struct stat st;
	bool is_run = stat(record, &st) == 0;
	free(record);
	if (is_run)
		return run_list_read(list, folder, err);
	int rc = run_list_read_all(&found, folder, err);
	if (rc == 0 && found.count == 0)
		rc = error_set(err, ERROR_USAGE, "folder '%s' holds no runs%s", folder,
			       found.damaged_count > 0 ? " that can be read" : "");
	for (size_t i = 0; rc == 0 && i < found.count; i++)
		rc = add_once(list, json_incref(found.records[i]), err);
	for (size_t i = 0; rc == 0 && i < found.damaged_count; i++)
		add_damaged(list, &found.damaged[i]);
	run_list_release(&found);
	return rc;
}

static int unknown(const struct run_list *all, const char *results, const char *what, struct error *err)
{
	struct nearest n;
	nearest_init(&n, what);
	for (size_t i = 0; i < all->count; i++) {
		nearest_offer(&n, all->summaries[i].label);
		nearest_offer(&n, source_text(all->records[i], "branch"));
	}
	return error_set(err, ERROR_USAGE,
			 "'%s' is no label, branch, commit, start of an id or folder of runs in '%s'%s%s%s", what,
			 results, n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
}

int run_list_select(struct run_list *list, const char *results, const char *what, struct error *err)
{
	struct run_list all = { 0 };
	size_t found = 0;
	struct stat st;
	if (what[0] == '\0')
		return error_set(err, ERROR_USAGE, "the name of the runs is empty");
	if (strcmp(what, "last") == 0)
		return run_list_find(list, results, what, err);
	if (strchr(what, '/') != NULL && stat(what, &st) == 0 && S_ISDIR(st.st_mode))
		return select_folder(list, what, err);
	int rc = run_list_read_all(&all, results, err);
	for (size_t m = 0; rc == 0 && found == 0 && m < COUNT(meanings); m++)
		for (size_t i = 0; rc == 0 && i < all.count; i++)
			if (meanings[m](&all, i, what)) {
				rc = add_once(list, json_incref(all.records[i]), err);
				found++;
			}
	if (rc == 0 && found == 0)
		rc = stat(what, &st) == 0 && S_ISDIR(st.st_mode) ? select_folder(list, what, err)
								 : unknown(&all, results, what, err);
	run_list_release(&all);
	return rc;
}
