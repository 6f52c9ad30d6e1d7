/* Reading stored runs back: which there are, and the record of one. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "record/lines.h"
#include "record/store.h"

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
