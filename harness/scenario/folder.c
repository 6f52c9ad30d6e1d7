#include "scenario/folder.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_scenario(const FTSENT *entry)
{
	const char *dot = strrchr(entry->fts_name, '.');
	return entry->fts_info == FTS_F && dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

void scenario_folder_add(struct string_list *paths, const char *path)
{
	paths->items = xrealloc(paths->items, (paths->count + 2) * sizeof(*paths->items));
	paths->items[paths->count++] = xstrdup(path);
	paths->items[paths->count] = NULL;
}

int scenario_folder_find(const char *folder, struct string_list *out, struct error *err)
{
	char *root = xstrdup(folder);
	char *roots[] = { root, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	while (walk != NULL && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_D && strcmp(entry->fts_name, "servers") == 0)
			fts_set(walk, entry, FTS_SKIP);
		if (is_scenario(entry))
			scenario_folder_add(out, entry->fts_path);
	}
	free(root);
	if (walk == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot walk '%s'", folder);
	fts_close(walk);
	return 0;
}

void scenario_folder_release(struct string_list *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct string_list){ 0 };
}
