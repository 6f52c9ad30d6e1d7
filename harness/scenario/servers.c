#include "scenario/servers.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/home.h"
#include "base/nearest.h"

#define SUFFIX ".yaml"

/* The absolute folder of a file, which the caller frees; the current one when there is no such folder. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *named = slash == NULL ? xstrdup(".") : xasprintf("%.*s/", (int)(slash - path), path);
	char *folder = realpath(named, NULL);
	if (folder == NULL)
		folder = realpath(".", NULL);
	free(named);
	return folder == NULL ? xstrdup("/") : folder;
}

/* Shortens an absolute folder to the one above it; false at the root. */
static bool go_up(char *folder)
{
	char *slash = strrchr(folder, '/');
	if (folder[1] == '\0')
		return false;
	slash[slash == folder ? 1 : 0] = '\0';
	return true;
}

static int is_description(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static void visit_folder(const char *folder, void (*visit)(void *, const char *, const char *), void *arg)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_description, alphasort);
	for (int i = 0; i < count; i++) {
		size_t len = strlen(entries[i]->d_name) - strlen(SUFFIX);
		char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
		char *name = xasprintf("%.*s", (int)len, entries[i]->d_name);
		visit(arg, name, path);
		free(name);
		free(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void servers_each(const char *scenario_path, void (*visit)(void *arg, const char *name, const char *path), void *arg)
{
	char *folder = folder_of(scenario_path), *home = home_folder(NULL);
	do {
		char *servers = xasprintf("%s/servers", strcmp(folder, "/") == 0 ? "" : folder);
		visit_folder(servers, visit, arg);
		free(servers);
	} while (go_up(folder));
	free(folder);
	folder = home != NULL ? xasprintf("%s/scenarios/servers", home) : xstrdup("");
	visit_folder(folder, visit, arg);
	free(folder);
	free(home);
}

struct search {
	const char *name;
	char *found;
	struct buf known;
	struct nearest nearest;
	char nearest_name[64]; /* the names visited do not outlive the visit */
};

static void look_at(void *arg, const char *name, const char *path)
{
	struct search *s = arg;
	if (s->found == NULL && strcmp(name, s->name) == 0)
		s->found = xstrdup(path);
	buf_addf(&s->known, "%s%s", s->known.len == 0 ? "" : ", ", name);
	const char *before = s->nearest.best;
	nearest_offer(&s->nearest, name);
	if (s->nearest.best == before)
		return;
	s->nearest_name[0] = '\0';
	strncat(s->nearest_name, name, sizeof(s->nearest_name) - 1);
	s->nearest.best = s->nearest_name;
}

char *servers_find(const char *scenario_path, const char *name, struct error *err)
{
	if (strchr(name, '/') != NULL) {
		error_set(err, ERROR_INPUT, "'%s': expected the name of a server, as in servers/NAME.yaml, not a path",
			  name);
		return NULL;
	}
	struct search s = { .name = name, .known = BUF_INIT };
	nearest_init(&s.nearest, name);
	servers_each(scenario_path, look_at, &s);
	if (s.found == NULL) {
		char *folder = folder_of(scenario_path);
		error_set(err, ERROR_INPUT,
			  "no server '%s' (known: %s)%s%s%s; looked for 'servers/%s.yaml' in '%s' and "
			  "the folders above it, and among those that come with oomrig",
			  name, s.known.len == 0 ? "none" : buf_str(&s.known), s.nearest.best ? "; did you mean '" : "",
			  s.nearest.best ? s.nearest.best : "", s.nearest.best ? "'?" : "", name, folder);
		free(folder);
	}
	buf_release(&s.known);
	return s.found;
}
