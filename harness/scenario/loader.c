#include "scenario/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/fs.h"
#include "scenario/network.h"
#include "scenario/schema.h"
#include "scenario/secrets.h"
#include "scenario/servers.h"

/* One YAML file being read. */
struct reader {
	const char *file;
	yaml_document_t doc;
	struct place_list *places; /* of the scenario, NULL: not kept */
	bool server_alone;
	struct buf key; /* dotted path of the value at hand, for messages */
	struct error *err;
};

static int fail(struct reader *r, const yaml_node_t *node, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct reader *r, const yaml_node_t *node, const char *fmt, ...)
{
	struct buf message = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&message, fmt, ap);
	va_end(ap);
	error_set(r->err, ERROR_INPUT, "%s:%zu: %s", r->file, node->start_mark.line + 1, buf_str(&message));
	buf_release(&message);
	return -1;
}

/* Puts "FILE:LINE: " in front of an error made where only the value was known. */
static int locate(struct reader *r, const yaml_node_t *node)
{
	return error_prefix(r->err, "%s:%zu", r->file, node->start_mark.line + 1);
}

static const char *describe_node(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return "a single value";
	case YAML_SEQUENCE_NODE:
		return "a list";
	default:
		return "a mapping";
	}
}

static const char *scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static bool is_plain(const yaml_node_t *node, const char *text)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       strcmp(scalar(node), text) == 0;
}

/* An explicit null leaves the default; nothing at all behind a colon is a slip. */
static bool is_null(const yaml_node_t *node)
{
	return is_plain(node, "~") || is_plain(node, "null");
}

static size_t push_key(struct reader *r, const char *name)
{
	size_t len = r->key.len;
	buf_addf(&r->key, "%s%s", len == 0 ? "" : ".", name);
	return len;
}

/* A server's description is read as a file of its own. */
static void note_place(struct reader *r, const yaml_node_t *node)
{
	if (r->places == NULL)
		return;
	char *key = xasprintf("%s%s", r->server_alone ? "server." : "", buf_str(&r->key));
	places_note(r->places, key, r->file, node->start_mark.line + 1);
	free(key);
}

static void pop_key(struct reader *r, size_t len)
{
	r->key.len = len;
	r->key.data[len] = '\0';
}

/* The value of a key in a mapping, NULL when it is missing or null. */
static yaml_node_t *find_value(struct reader *r, const yaml_node_t *mapping, const char *name)
{
	if (mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
		yaml_node_t *value = yaml_document_get_node(&r->doc, p->value);
		if (key->type == YAML_SCALAR_NODE && strcmp(scalar(key), name) == 0)
			return is_null(value) ? NULL : value;
	}
	return NULL;
}

/* A scalar as text; what: what was expected instead of another kind of node. */
static const char *read_scalar(struct reader *r, const yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE) {
		bool braces = node->type == YAML_MAPPING_NODE && node->data.mapping.style == YAML_FLOW_MAPPING_STYLE;
		fail(r, node, "'%s': expected %s, found %s%s", buf_str(&r->key), what, describe_node(node),
		     braces ? " (a text that starts with a brace needs quotes: \"{data}\")" : "");
		return NULL;
	}
	if (is_plain(node, "")) {
		fail(r, node, "'%s': expected %s, found nothing", buf_str(&r->key), what);
		return NULL;
	}
	if (strlen(scalar(node)) != node->data.scalar.length) {
		fail(r, node, "'%s': a text cannot hold a NUL byte", buf_str(&r->key));
		return NULL;
	}
	return scalar(node);
}

static const char *read_key(struct reader *r, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	if (key->type != YAML_SCALAR_NODE) {
		fail(r, key, "%s%s%sexpected the name of a key, found %s", r->key.len ? "'" : "", buf_str(&r->key),
		     r->key.len ? "': " : "", describe_node(key));
		return NULL;
	}
	for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *earlier = yaml_document_get_node(&r->doc, p->key);
		if (strcmp(scalar(earlier), scalar(key)) == 0) {
			push_key(r, scalar(key));
			fail(r, key, "'%s' is given twice, first in line %zu", buf_str(&r->key),
			     earlier->start_mark.line + 1);
			return NULL;
		}
	}
	return scalar(key);
}

static int read_one(struct reader *r, const yaml_node_t *node, const struct key_row *row, void *base,
		    int (*take)(const struct key_row *, void *, const char *, struct error *))
{
	const char *text = read_scalar(r, node, value_expected(row));
	if (text == NULL)
		return -1;
	if (take(row, base, text, r->err) == 0)
		return 0;
	error_prefix(r->err, "'%s'", buf_str(&r->key));
	return locate(r, node);
}

static int read_list(struct reader *r, const yaml_node_t *node, const struct key_row *row, void *base)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return read_one(r, node, row, base, value_set);
	value_release(row, base);
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
		if (read_one(r, yaml_document_get_node(&r->doc, *i), row, base, value_append) != 0)
			return -1;
	return 0;
}

static int expect_mapping(struct reader *r, const yaml_node_t *node, const char *what)
{
	if (node->type == YAML_MAPPING_NODE)
		return 0;
	const char *found = is_plain(node, "") ? "nothing" : describe_node(node);
	if (r->key.len == 0)
		return fail(r, node, "expected %s, found %s", what, found);
	return fail(r, node, "'%s': expected %s, found %s", buf_str(&r->key), what, found);
}

static int read_map(struct reader *r, const yaml_node_t *node, const struct key_row *row, void *base)
{
	if (expect_mapping(r, node, value_expected(row)) != 0)
		return -1;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const char *name = read_key(r, node, p);
		if (name == NULL)
			return -1;
		size_t len = push_key(r, name);
		const yaml_node_t *value = yaml_document_get_node(&r->doc, p->value);
		note_place(r, value);
		const char *text = read_scalar(r, value, "text");
		if (text == NULL)
			return -1;
		value_put(row, base, name, text);
		pop_key(r, len);
	}
	return 0;
}

static int read_table(struct reader *r, const yaml_node_t *node, const struct key_row *rows, void *base);

/* "tabs.bin" in "scenarios/picoshare/x.yaml" means "scenarios/picoshare/tabs.bin". */
static char *beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	if (name[0] == '/' || slash == NULL)
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)(slash - file), file, name);
}

static int read_group(struct reader *r, const yaml_node_t *node, const struct key_row *row, struct load_group *group)
{
	if (schema_defaults(row->table, group, r->err) != 0)
		return -1;
	if (read_table(r, node, row->table, group) != 0)
		return -1;
	if (group->file != NULL) {
		char *path = beside(r->file, group->file);
		free(group->file);
		group->file = path;
	}
	struct load_group preset = { .network = group->network };
	loader_apply_network(&preset);
	if (find_value(r, node, "up") == NULL)
		group->up_bytes_per_s = preset.up_bytes_per_s;
	if (find_value(r, node, "down") == NULL)
		group->down_bytes_per_s = preset.down_bytes_per_s;
	if (find_value(r, node, "latency") == NULL)
		group->latency_ns = preset.latency_ns;
	return 0;
}

static void name_group(const struct key_row *rows, struct load_group *group, size_t number)
{
	if (group->name != NULL)
		return;
	const struct key_row *kind = schema_find(rows, "kind", strlen("kind"));
	group->name = xasprintf("%s-%zu", kind->choices[group->kind], number);
}

static int read_groups(struct reader *r, const yaml_node_t *node, const struct key_row *row, struct group_list *groups)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return fail(r, node, "'%s': expected a list of load groups (each begins with '- '), found %s",
			    buf_str(&r->key), is_plain(node, "") ? "nothing" : describe_node(node));
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
		groups->items = xrealloc(groups->items, (groups->count + 1) * sizeof(groups->items[0]));
		struct load_group *group = &groups->items[groups->count++];
		memset(group, 0, sizeof(*group));
		char number[24];
		snprintf(number, sizeof(number), "%zu", groups->count);
		size_t len = push_key(r, number);
		if (read_group(r, yaml_document_get_node(&r->doc, *i), row, group) != 0)
			return -1;
		name_group(row->table, group, groups->count);
		pop_key(r, len);
	}
	return 0;
}

static int read_value(struct reader *r, const yaml_node_t *node, const struct key_row *row, void *base)
{
	void *field = (char *)base + row->offset;
	if (is_null(node) && row->none_by_word)
		return fail(r, node, "'%s': '%s' is no limit: that is written none", buf_str(&r->key), scalar(node));
	if (is_null(node))
		return 0;
	switch (row->type) {
	case KEY_TABLE:
		return read_table(r, node, row->table, field);
	case KEY_GROUPS:
		return read_groups(r, node, row, field);
	case KEY_MAP:
		return read_map(r, node, row, base);
	case KEY_TEXT_LIST:
	case KEY_SIZE_LIST:
		return read_list(r, node, row, base);
	default:
		return read_one(r, node, row, base, value_set);
	}
}

static int read_table(struct reader *r, const yaml_node_t *node, const struct key_row *rows, void *base)
{
	if (expect_mapping(r, node, "a mapping of keys") != 0)
		return -1;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const char *name = read_key(r, node, p);
		if (name == NULL)
			return -1;
		const struct key_row *row = schema_find(rows, name, strlen(name));
		if (row == NULL) {
			schema_unknown_key(rows, name, r->err);
			if (r->key.len != 0)
				error_prefix(r->err, "'%s'", buf_str(&r->key));
			return locate(r, yaml_document_get_node(&r->doc, p->key));
		}
		size_t len = push_key(r, name);
		note_place(r, yaml_document_get_node(&r->doc, p->value));
		if (read_value(r, yaml_document_get_node(&r->doc, p->value), row, base) != 0)
			return -1;
		pop_key(r, len);
	}
	return 0;
}

/* yaml.h: a reader error has a byte offset, the others a mark. */
static int yaml_failed(const struct reader *r, const yaml_parser_t *parser, const char *text)
{
	size_t line = parser->problem_mark.line + 1;
	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < parser->problem_offset; i++)
			line += text[i] == '\n';
	}
	const char *problem = parser->problem == NULL ? "unreadable" : parser->problem;
	if (parser->context == NULL)
		return error_set(r->err, ERROR_INPUT, "%s:%zu: not YAML: %s", r->file, line, problem);
	return error_set(r->err, ERROR_INPUT, "%s:%zu: not YAML: %s (%s that began in line %zu)", r->file, line,
			 problem, parser->context, parser->context_mark.line + 1);
}

/* Loads the one document of a file into r->doc. */
static int load_document(struct reader *r, yaml_parser_t *parser, const char *text)
{
	if (!yaml_parser_load(parser, &r->doc))
		return yaml_failed(r, parser, text);
	const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
	if (root == NULL || is_plain(root, "")) {
		yaml_document_delete(&r->doc);
		return error_set(r->err, ERROR_INPUT, "%s: holds no keys", r->file);
	}
	yaml_document_t second;
	if (!yaml_parser_load(parser, &second)) {
		yaml_document_delete(&r->doc);
		return yaml_failed(r, parser, text);
	}
	const yaml_node_t *more = yaml_document_get_root_node(&second);
	int ret = more == NULL ? 0 : fail(r, more, "a second YAML document; one file holds one");
	yaml_document_delete(&second);
	if (ret != 0)
		yaml_document_delete(&r->doc);
	return ret;
}

static int open_reader(struct reader *r, const char *file, const char *text, size_t len, struct error *err)
{
	*r = (struct reader){ .file = file, .err = err, .key = BUF_INIT };
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return error_set(err, ERROR_SYSTEM, "cannot set up the YAML parser");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	int ret = load_document(r, &parser, text);
	yaml_parser_delete(&parser);
	return ret;
}

static void close_reader(struct reader *r)
{
	yaml_document_delete(&r->doc);
	buf_release(&r->key);
}

int loader_read_server(struct scenario *s, const char *file, struct error *err)
{
	struct buf text = BUF_INIT;
	struct reader r;
	if (fs_read_file(file, &text, err) != 0)
		return -1;
	int ret = open_reader(&r, file, buf_str(&text), text.len, err);
	if (ret == 0) {
		const yaml_node_t *root = yaml_document_get_root_node(&r.doc);
		r.places = &s->places;
		r.server_alone = true;
		const yaml_node_t *use = find_value(&r, root, "use");
		ret = use != NULL ? fail(&r, use, "'use': a server description cannot build on another")
				  : read_table(&r, root, server_keys, &s->server);
		close_reader(&r);
	}
	buf_release(&text);
	return ret;
}

void loader_apply_network(struct load_group *group)
{
	const struct network_preset *p = group->network == NULL ? NULL : network_find(group->network);
	if (p == NULL)
		return;
	group->up_bytes_per_s = p->up_bytes_per_s;
	group->down_bytes_per_s = p->down_bytes_per_s;
	group->latency_ns = p->latency_ns;
}

/* The named description comes first, whatever the order of keys: the scenario's own keys refine it. */
static int read_used_server(struct reader *r, const yaml_node_t *root, struct scenario *s)
{
	const yaml_node_t *server = find_value(r, root, "server");
	const yaml_node_t *use = server == NULL ? NULL : find_value(r, server, "use");
	if (use == NULL || use->type != YAML_SCALAR_NODE || is_plain(use, ""))
		return 0; /* read_table() words the error, if it is one */
	char *file = servers_find(s->path, scalar(use), r->err);
	if (file == NULL) {
		error_prefix(r->err, "'server.use'");
		return locate(r, use);
	}
	int ret = loader_read_server(s, file, r->err);
	free(file);
	return ret;
}

static int parse_into(struct scenario *s, const char *text, size_t len, struct error *err)
{
	if (schema_defaults(scenario_keys, s, err) != 0)
		return -1;
	struct reader r;
	if (open_reader(&r, s->path, text, len, err) != 0)
		return -1;
	r.places = &s->places;
	const yaml_node_t *root = yaml_document_get_root_node(&r.doc);
	int ret = read_used_server(&r, root, s);
	if (ret == 0)
		ret = read_table(&r, root, scenario_keys, s);
	close_reader(&r);
	return ret;
}

static char *name_of_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(name, '.');
	bool ends = dot != NULL && dot > name && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
	return ends ? xasprintf("%.*s", (int)(dot - name), name) : xstrdup(name);
}

int scenario_parse(struct scenario *s, const char *path, const char *text, size_t len, struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->path = xstrdup(path);
	if (parse_into(s, text, len, err) != 0) {
		scenario_release(s);
		return -1;
	}
	if (s->name == NULL)
		s->name = name_of_file(path);
	secrets_learn(s);
	return 0;
}

int scenario_load(struct scenario *s, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	memset(s, 0, sizeof(*s));
	int ret = fs_read_file(path, &text, err);
	if (ret != 0) {
		err->code = ERROR_INPUT;
		return -1;
	}
	ret = scenario_parse(s, path, buf_str(&text), text.len, err);
	buf_release(&text);
	return ret;
}

void scenario_release(struct scenario *s)
{
	schema_release(scenario_keys, s);
	places_release(&s->places);
	free(s->source);
	free(s->path);
	memset(s, 0, sizeof(*s));
}
