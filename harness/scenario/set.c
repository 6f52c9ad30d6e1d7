#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/nearest.h"
#include "scenario/loader.h"
#include "scenario/schema.h"
#include "scenario/secrets.h"
#include "scenario/servers.h"

/* Where a dotted key leads. */
struct place {
	const struct key_row *row;
	void *base;
	const char *map_key;	  /* KEY_MAP: the entry; rest of the dotted key */
	struct load_group *group; /* the group it lies in, or NULL */
};

/* Cuts the next word off a dotted key. */
static size_t next_word(const char **key, const char **word)
{
	size_t len = strcspn(*key, ".");
	*word = *key;
	*key += len + ((*key)[len] == '.');
	return len;
}

static struct load_group *find_group(const struct group_list *groups, const char *list, const char *word, size_t len,
				     struct error *err)
{
	char *name = xasprintf("%.*s", (int)len, word);
	struct load_group *found = NULL;
	struct nearest n;
	nearest_init(&n, name);
	for (size_t i = 0; i < groups->count && found == NULL; i++) {
		if (strcmp(groups->items[i].name, name) == 0)
			found = &groups->items[i];
		nearest_offer(&n, groups->items[i].name);
	}
	char *end;
	unsigned long number = strtoul(name, &end, 10);
	if (found == NULL && *end == '\0' && number >= 1 && number <= groups->count)
		found = &groups->items[number - 1];
	if (found == NULL)
		error_set(err, ERROR_USAGE, "'%s' has no group '%s' (it has %zu)%s%s%s", list, name, groups->count,
			  n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
	free(name);
	return found;
}

static int find_row(const struct key_row *rows, const char *word, size_t len, const struct key_row **row,
		    struct error *err)
{
	*row = schema_find(rows, word, len);
	if (*row != NULL)
		return 0;
	char *name = xasprintf("%.*s", (int)len, word);
	schema_unknown_key(rows, name, err);
	free(name);
	return -1;
}

static int find_place(struct scenario *s, const char *key, struct place *p, struct error *err)
{
	const struct key_row *rows = scenario_keys;
	*p = (struct place){ .base = s };
	for (;;) {
		const char *word;
		size_t len = next_word(&key, &word);
		if (find_row(rows, word, len, &p->row, err) != 0)
			return -1;
		if (p->row->table == NULL)
			break;
		p->base = (char *)p->base + p->row->offset;
		rows = p->row->table;
		if (p->row->type == KEY_GROUPS && *key != '\0') {
			const struct group_list *groups = p->base;
			len = next_word(&key, &word);
			p->group = p->base = find_group(groups, p->row->name, word, len, err);
			if (p->group == NULL)
				return -1;
		}
		if (*key == '\0')
			return error_set(err, ERROR_USAGE, "'%s' has keys of its own, name one of them (such as '%s')",
					 p->row->name, rows->name);
	}
	if (p->row->type == KEY_MAP) {
		p->map_key = key;
		return *key != '\0' ? 0
				    : error_set(err, ERROR_USAGE, "'%s' needs the name of an entry (such as '%s.NAME')",
						p->row->name, p->row->name);
	}
	return *key == '\0' ? 0 : error_set(err, ERROR_USAGE, "'%s' has no keys of its own", p->row->name);
}

/* Another server altogether: nothing of the old description fits it. */
static int replace_server(struct scenario *s, const char *name, struct error *err)
{
	char *file = servers_find(s->path, name, err);
	if (file == NULL)
		return -1;
	places_forget(&s->places, "server");
	schema_release(server_keys, &s->server);
	int ret = schema_defaults(server_keys, &s->server, err);
	if (ret == 0)
		ret = loader_read_server(s, file, err);
	if (ret == 0)
		s->server.use = xstrdup(name);
	free(file);
	return ret;
}

static int set_place(struct scenario *s, const struct place *p, const char *value, struct error *err)
{
	const struct key_row *row = p->row;
	if (p->base == &s->server && row->offset == offsetof(struct server_spec, use) && row->type == KEY_TEXT)
		return replace_server(s, value, err);
	if (row->type == KEY_MAP) {
		value_put(row, p->base, p->map_key, value);
		return 0;
	}
	if (row->type == KEY_TEXT_LIST || row->type == KEY_SIZE_LIST)
		return value_set_list(row, p->base, value, err);
	if (value_set(row, p->base, value, err) != 0)
		return -1;
	if (p->group != NULL && row->offset == offsetof(struct load_group, network) && p->base == p->group)
		loader_apply_network(p->group);
	return 0;
}

int scenario_set_key(struct scenario *s, const char *key, const char *value, struct error *err)
{
	struct place place;
	int ret = find_place(s, key, &place, err);
	if (ret == 0) {
		places_forget(&s->places, key);
		ret = set_place(s, &place, value, err);
	}
	if (ret == 0) {
		secrets_learn(s);
		return 0;
	}
	if (err->code == ERROR_INPUT)
		err->code = ERROR_USAGE;
	return -1;
}

int scenario_set(struct scenario *s, const char *assignment, struct error *err)
{
	const char *equals = strchr(assignment, '=');
	if (equals == NULL || equals == assignment)
		return error_set(err, ERROR_USAGE, "--set %s: expected KEY=VALUE (such as memory=512MiB)", assignment);
	mask_learn(assignment);
	char *key = xasprintf("%.*s", (int)(equals - assignment), assignment);
	int ret = scenario_set_key(s, key, equals + 1, err);
	free(key);
	return ret == 0 ? 0 : error_prefix(err, "--set %s", assignment);
}

static bool mentions_preset(char *const argv[])
{
	for (; *argv != NULL; argv++)
		if (strstr(*argv, "{preset}") != NULL)
			return true;
	return false;
}

void scenario_set_command(struct scenario *s, char *const argv[])
{
	struct server_spec *server = &s->server;
	/* They spoke to the command that goes. */
	static const char *const gone[] = { "preset", "presets", "behaviours", "args", "command" };
	bool keeps_preset = mentions_preset(argv);
	if (server->preset != NULL && !keeps_preset)
		log_warning("the command after \"--\" has no {preset} in it: the preset '%s' goes", server->preset);
	if (server->behaviours.count > 0)
		log_warning("the command after \"--\" is taken as it is: the behaviours of the scenario go");
	for (size_t i = keeps_preset ? 2 : 0; i < COUNT(gone); i++)
		value_release(schema_find(server_keys, gone[i], strlen(gone[i])), server);
	places_forget(&s->places, "server.command");
	places_forget(&s->places, "server.args");
	const struct key_row *command = schema_find(server_keys, "command", strlen("command"));
	char *program = *argv != NULL && strchr(*argv, '/') != NULL ? realpath(*argv, NULL) : NULL;
	for (size_t i = 0; argv[i] != NULL; i++) /* any text will do: cannot fail */
		value_append(command, server, i == 0 && program != NULL ? program : argv[i], NULL);
	free(program);
	secrets_learn(s);
}
