#include "scenario/check_words.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "scenario/words.h"

/* Of the server alone, and of an object, which only requests have at hand. */
static const char *const run_names[] = { "port",	 "debug_port", "host",	 "data", "tmp",
					 "scenario_dir", "bin",	       "preset", "seed", "source" };
static const char *const object_names[] = { "id", "name", "size", "type" };

struct visitor {
	const struct scenario *s;
	int (*fn)(struct visitor *v, const char *key, const char *text, bool of_object);
	const char *name; /* looked for */
	bool found;
	struct error *err;
};

static int visit(struct visitor *v, const char *key, const char *text, bool of_object)
{
	return text == NULL ? 0 : v->fn(v, key, text, of_object);
}

static int visit_map(struct visitor *v, const char *key, const struct string_map *map, bool keys_too, bool of_object)
{
	int rc = 0;
	for (size_t i = 0; i < map->count && rc == 0; i++) {
		char *entry = xasprintf("%s.%s", key, map->items[i].key);
		rc = keys_too ? visit(v, entry, map->items[i].key, of_object) : 0;
		if (rc == 0)
			rc = visit(v, entry, map->items[i].value, of_object);
		free(entry);
	}
	return rc;
}

static int visit_list(struct visitor *v, const char *key, const struct string_list *list)
{
	int rc = 0;
	for (size_t i = 0; i < list->count && rc == 0; i++)
		rc = visit(v, key, list->items[i], false);
	return rc;
}

static int visit_request(struct visitor *v, const char *key, const struct request_spec *r, bool of_object)
{
	char *path = xasprintf("%s.path", key), *headers = xasprintf("%s.headers", key),
	     *form = xasprintf("%s.form", key);
	int rc = visit(v, path, r->path, of_object) != 0 || visit_map(v, headers, &r->headers, false, of_object) != 0 ||
				 visit_map(v, form, &r->form, false, of_object) != 0
			 ? -1
			 : 0;
	free(path);
	free(headers);
	free(form);
	return rc;
}

static int visit_upload(struct visitor *v, const struct upload_spec *up)
{
	return visit(v, "server.upload.path", up->path, true) != 0 ||
			       visit(v, "server.upload.filename", up->filename, true) != 0 ||
			       visit_map(v, "server.upload.fields", &up->fields, false, true) != 0 ||
			       visit_map(v, "server.upload.headers", &up->headers, false, true) != 0
		       ? -1
		       : 0;
}

static int visit_groups(struct visitor *v, const char *list, const struct group_list *groups)
{
	int rc = 0;
	for (size_t i = 0; i < groups->count && rc == 0; i++) {
		char *key = xasprintf("%s.%zu.request", list, i + 1);
		rc = visit_request(v, key, &groups->items[i].request, true);
		free(key);
	}
	return rc;
}

static int visit_all(struct visitor *v)
{
	const struct server_spec *server = &v->s->server;
	const struct {
		const char *key;
		const struct request_spec *request;
		bool of_object;
	} requests[] = {
		{ "server.login", &server->login, false },   { "server.download", &server->download, true },
		{ "server.health", &server->health, false }, { "server.debug", &server->debug, false },
		{ "server.ready", &server->ready, false },   { "server.collect", &server->collect, false },
	};
	int rc = visit_list(v, "server.command", &server->command) != 0 ||
				 visit_list(v, "server.args", &server->args) != 0 ||
				 visit_map(v, "server.env", &server->env, false, false) != 0 ||
				 visit_map(v, "server.files", &server->files, true, false) != 0 ||
				 visit(v, "server.cwd", server->cwd, false) != 0 ||
				 visit_upload(v, &server->upload) != 0
			 ? -1
			 : 0;
	for (size_t i = 0; i < COUNT(requests) && rc == 0; i++)
		rc = visit_request(v, requests[i].key, requests[i].request, requests[i].of_object);
	return rc != 0 || visit_groups(v, "prepare", &v->s->prepare) != 0 || visit_groups(v, "load", &v->s->load) != 0
		       ? -1
		       : 0;
}

static int look_for_name(struct visitor *v, const char *key, const char *text, bool of_object)
{
	(void)key;
	(void)of_object;
	v->found |= strstr(text, v->name) != NULL;
	return 0;
}

bool check_words_mention(const struct scenario *s, const char *name)
{
	struct visitor v = { .s = s, .fn = look_for_name, .name = name };
	visit_all(&v);
	return v.found;
}

static bool is_one(const char *name, const char *const names[], size_t count, struct nearest *nearest)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
		nearest_offer(nearest, names[i]);
	}
	return false;
}

static int check_name(struct visitor *v, const char *key, const char *name, bool of_object)
{
	struct nearest n;
	nearest_init(&n, name);
	nearest_offer(&n, "now");
	if (is_one(name, run_names, COUNT(run_names), &n) ||
	    (of_object && is_one(name, object_names, COUNT(object_names), &n)) ||
	    (strncmp(name, "now", 3) == 0 && strchr("+-", name[3]) != NULL))
		return 0;
	return error_set(v->err, ERROR_INPUT, "%s: '%s': unknown name '{%s}'%s%s%s",
			 places_find(&v->s->places, key, v->s->path), key, name, n.best ? "; did you mean '{" : "",
			 n.best ? n.best : "", n.best ? "}'?" : "");
}

static int check_text(struct visitor *v, const char *key, const char *text, bool of_object)
{
	char name[64];
	for (const char *p = strchr(text, '{'); p != NULL; p = strchr(p, '{')) {
		size_t len = p[1] == '{' ? 0 : strcspn(p + 1, "}");
		if (p[1] == '{') {
			p += 2;
			continue;
		}
		if (p[1 + len] == '\0' || len == 0 || len >= sizeof(name))
			return error_set(v->err, ERROR_INPUT,
					 "%s: '%s': '{' without a name and '}' (a literal brace is written '{{')",
					 places_find(&v->s->places, key, v->s->path), key);
		memcpy(name, p + 1, len);
		name[len] = '\0';
		if (check_name(v, key, name, of_object) != 0)
			return -1;
		p += len + 1;
	}
	return 0;
}

static int check_preset(const struct scenario *s, struct error *err)
{
	const struct server_spec *server = &s->server;
	if (server->preset == NULL || server->presets.count == 0)
		return 0;
	for (size_t i = 0; i < server->presets.count; i++)
		if (strcmp(server->presets.items[i], server->preset) == 0)
			return 0;
	words_unknown("preset", server->preset, (const char *const *)server->presets.items, err);
	return error_prefix(err, "%s: 'server.preset'", places_find(&s->places, "server.preset", s->path));
}

int check_words(const struct scenario *s, struct error *err)
{
	struct visitor v = { .s = s, .fn = check_text, .err = err };
	return visit_all(&v) != 0 || check_preset(s, err) != 0 ? -1 : 0;
}

static bool changes_path(const struct scenario *s)
{
	for (size_t i = 0; i < s->server.env.count; i++)
		if (strcmp(s->server.env.items[i].key, "PATH") == 0)
			return true;
	return false;
}

int check_program(const struct scenario *s, struct error *err)
{
	const char *program = s->server.command.count > 0 ? s->server.command.items[0] : NULL;
	/* A template or a relative path is known when the run has its folders. */
	if (program == NULL || strchr(program, '{') != NULL || (strchr(program, '/') != NULL && program[0] != '/'))
		return 0;
	if (program[0] == '/' ? access(program, X_OK) == 0 : changes_path(s) || fs_program_found(program))
		return 0;
	return error_set(err, ERROR_INPUT, "%s: 'server.command': there is no program '%s' on this host",
			 places_find(&s->places, "server.command", s->path), program);
}

static bool is_file_in(const char *folder, const char *name)
{
	struct stat st;
	char *path = xasprintf("%s/%s", folder, name);
	bool found = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	free(path);
	return found;
}

/* Does the rig write it where the server starts? */
static bool is_written(const struct scenario *s, const char *name)
{
	for (size_t i = 0; i < s->server.files.count; i++)
		if (strcmp(s->server.files.items[i].key, name) == 0)
			return true;
	return false;
}

void check_relative_words(const struct scenario *s, struct buf *out)
{
	const struct string_list *command = &s->server.command;
	char *copy = xstrdup(s->path != NULL ? s->path : "./-");
	const char *folder = dirname(copy);
	for (size_t i = 0; s->server.cwd == NULL && i < command->count; i++) {
		const char *word = command->items[i];
		if (word[0] == '\0' || strchr("/-", word[0]) != NULL || strchr(word, '{') != NULL ||
		    (i == 0 && strchr(word, '/') == NULL) || is_written(s, word) || !is_file_in(folder, word))
			continue;
		buf_addf(out,
			 "%s: 'server.command': '%s' is beside the scenario, but the server starts in its data "
			 "folder; write '{scenario_dir}/%s'",
			 places_find(&s->places, "server.command", s->path), word, word);
		break;
	}
	free(copy);
}
