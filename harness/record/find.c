/* Reading stored runs back: which there are, the one that is meant, its record. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/nearest.h"
#include "base/text.h"
#include "record/lines.h"
#include "record/store.h"

#define CANDIDATES_SHOWN 5

static bool holds_record(const char *folder)
{
	char *path = xasprintf("%s/" STORE_RECORD, folder);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* An id begins with the time of the run, so names in order are runs in order. */
static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "20261121-114439.120-…": only the rig gives such names. */
static bool is_named_as_run(const char *name)
{
	static const char form[] = "dddddddd-dddddd.ddd-";
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)name[i]) : name[i] != form[i])
			return false;
	return true;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_lost_run(const char *folder, const char *name)
{
	return is_named_as_run(name) && is_folder(folder);
}

static int list_folders(const char *results, bool bare, char ***ids, size_t *count, struct error *err)
{
	DIR *dir = opendir(results);
	struct dirent *entry;

	*ids = NULL;
	*count = 0;
	if (dir == NULL && errno == ENOENT)
		return 0;
	if (dir == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '%s'", results);
	while ((entry = readdir(dir)) != NULL) {
		char *folder = xasprintf("%s/%s", results, entry->d_name);
		if (entry->d_name[0] != '.' && (holds_record(folder) || (bare && is_lost_run(folder, entry->d_name)))) {
			*ids = xrealloc(*ids, (*count + 1) * sizeof(**ids));
			(*ids)[(*count)++] = xstrdup(entry->d_name);
		}
		free(folder);
	}
	closedir(dir);
	if (*count > 1)
		qsort(*ids, *count, sizeof(**ids), compare_ids);
	return 0;
}

int store_list(const char *results, char ***ids, size_t *count, struct error *err)
{
	return list_folders(results, false, ids, count, err);
}

int store_list_all(const char *results, char ***ids, size_t *count, struct error *err)
{
	return list_folders(results, true, ids, count, err);
}

void store_free_list(char **ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
}

static void ambiguous(const char *what, char **ids, size_t count, struct error *err)
{
	struct buf names = BUF_INIT;
	size_t matches = 0;

	/* Newest first: those are the ones people look for. */
	for (size_t i = count; i-- > 0;)
		if (strstr(ids[i], what) != NULL && ++matches <= CANDIDATES_SHOWN)
			buf_addf(&names, "%s%s", names.len == 0 ? "" : ", ", ids[i]);
	error_set(err, ERROR_USAGE, "'%s' fits %zu runs: %s%s", what, matches, buf_str(&names),
		  matches > CANDIDATES_SHOWN ? " …" : "");
	buf_release(&names);
}

/* "20261121-114439.120-three-uploads-1f3a" without its time and random tail: what people mistype. */
static char *name_in_id(const char *id)
{
	const char *dash = strchr(id, '-');
	const char *start = dash ? strchr(dash + 1, '-') : NULL;
	const char *end = strrchr(id, '-');

	return start && end > start ? xasprintf("%.*s", (int)(end - start - 1), start + 1) : xstrdup(id);
}

static void unknown(const char *results, const char *what, char **ids, size_t count, struct error *err)
{
	char **names = xcalloc(count, sizeof(*names));
	size_t best = 0;
	struct nearest n;

	nearest_init(&n, what);
	for (size_t i = 0; i < count; i++) {
		const char *before = n.best;
		names[i] = name_in_id(ids[i]);
		nearest_offer(&n, ids[i]);
		nearest_offer(&n, names[i]);
		if (n.best != before)
			best = i;
	}
	if (n.best != NULL)
		error_set(err, ERROR_USAGE, "no run fits '%s' in '%s'; did you mean '%s'?", what, results, ids[best]);
	else
		error_set(err, ERROR_USAGE, "no run fits '%s' in '%s'; the last one is '%s'", what, results,
			  ids[count - 1]);
	store_free_list(names, count);
}

/* The id that is meant, borrowed from ids; NULL and *err if that is none or several. */
static const char *choose(const char *results, const char *what, char **ids, size_t count, struct error *err)
{
	const char *found = NULL;

	if (count == 0) {
		error_set(err, ERROR_USAGE, "no run fits '%s': '%s' holds none", what, results);
		return NULL;
	}
	if (strcmp(what, "last") == 0)
		return ids[count - 1];
	for (size_t i = 0; i < count; i++) {
		if (strcmp(ids[i], what) == 0)
			return ids[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (strstr(ids[i], what) == NULL)
			continue;
		if (found != NULL) {
			ambiguous(what, ids, count, err);
			return NULL;
		}
		found = ids[i];
	}
	if (found == NULL)
		unknown(results, what, ids, count, err);
	return found;
}

char *store_find(const char *results, const char *what, struct error *err)
{
	const char *id;
	char *path = NULL;
	char **ids;
	size_t count;

	if (what[0] == '\0') {
		error_set(err, ERROR_USAGE, "the name of a run is empty");
		return NULL;
	}
	if (strchr(what, '/') != NULL || strcmp(what, ".") == 0 || (is_folder(what) && holds_record(what))) {
		if (holds_record(what))
			return xstrdup(what);
		error_set(err, ERROR_USAGE, "'%s' is not the folder of a run: it holds no " STORE_RECORD, what);
		return NULL;
	}
	if (store_list(results, &ids, &count, err) != 0)
		return NULL;
	id = choose(results, what, ids, count, err);
	if (id != NULL)
		path = xasprintf("%s/%s", results, id);
	store_free_list(ids, count);
	return path;
}

static int check_record(const json_t *record, const char *path, struct error *err)
{
	const json_t *schema = json_object_get(record, "schema");

	if (!json_is_object(record) || !json_is_integer(schema))
		return error_set(err, ERROR_INPUT, "'%s' is not the record of a run: it has no schema version", path);
	if (json_integer_value(schema) > STORE_SCHEMA)
		return error_set(err, ERROR_INPUT,
				 "'%s' was written by a newer oomrig (schema %lld, this one reads up to %d)", path,
				 (long long)json_integer_value(schema), STORE_SCHEMA);
	if (json_integer_value(schema) < 1)
		return error_set(err, ERROR_INPUT, "'%s' has no valid schema version", path);
	return 0;
}

json_t *store_read(const char *folder, struct error *err)
{
	char *path = xasprintf("%s/" STORE_RECORD, folder);
	struct buf text = BUF_INIT;
	json_t *record = NULL;
	json_error_t where;

	int there = lines_check(path, STORE_RECORD_MAX, err);
	if (there == 0)
		error_set_errno(err, ERROR_SYSTEM, ENOENT, "cannot open '%s'", path);
	if (there > 0 && fs_read_file(path, &text, err) == 0) {
		record = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &where);
		if (record == NULL) {
			error_set(err, ERROR_INPUT, "%s:%d: %s", path, where.line, where.text);
		} else if (check_record(record, path, err) != 0) {
			json_decref(record);
			record = NULL;
		} else {
			record = text_json_clean(record);
			/* A path to open: whoever shows it does so by base/text. */
			json_t *as_it_is = json_string(folder);
			json_object_set_new(record, "folder", as_it_is ? as_it_is : text_json(folder));
		}
	}
	buf_release(&text);
	free(path);
	return record;
}
