#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/home.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "isolation/isolation.h"
#include "report/page.h"
#include "report/report.h"
#include "run/requirements.h"
#include "scenario/folder.h"
#include "scenario/network.h"
#include "scenario/scenario.h"

#define DESCRIBE_DEADLINE_NS (5 * NS_PER_S)

struct list_settings {
	bool keys, json;
};

static const struct option_row rows[] = {
	{ "keys", 'k', OPTION_FLAG, offsetof(struct list_settings, keys), NULL, NULL, 0, 0, NULL,
	  "every key of a scenario file with its type, default,\nrange and meaning, and nothing else" },
	{ "json", 'j', OPTION_FLAG, offsetof(struct list_settings, json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig list [options]",
	.about = "Names everything that a command line or a scenario file can name: the scenarios\n"
		 "that come with the program, the presets and behaviours of the bundled server,\n"
		 "the ways to cap memory, network speeds and report formats.  A scenario file that\n"
		 "cannot be read is listed with its error.",
	.examples = "  oomrig list                      everything\n"
		    "  oomrig list --keys               what may stand in a scenario file\n"
		    "  oomrig list --json | jq -r '.scenarios[].path'",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

static json_t *describe_scenario(const char *path)
{
	struct scenario s;
	struct error err = ERROR_INIT;
	json_t *object = json_object();
	json_object_set_new(object, "path", text_json(cmd_shown_path(path)));
	if (scenario_load(&s, path, &err) != 0) {
		json_object_set_new(object, "error", text_json(err.message));
		return object;
	}
	if (scenario_check(&s, &err) != 0 || requirements_check(&s, &err) != 0)
		json_object_set_new(object, "error", text_json(err.message));
	json_object_set_new(object, "name", text_json(s.name));
	json_object_set_new(object, "question", s.question != NULL ? text_json(s.question) : json_null());
	json_t *expected = json_array();
	for (size_t i = 0; i < s.expect.count; i++)
		json_array_append_new(expected, text_json(s.expect.items[i]));
	json_object_set_new(object, "expected", expected);
	json_object_set_new(object, "memory_bytes",
			    s.memory_bytes != 0 ? json_integer((json_int_t)s.memory_bytes) : json_null());
	json_object_set_new(object, "runs", json_integer((json_int_t)s.runs));
	scenario_release(&s);
	return object;
}

/* All scenarios of the program's folder. */
static json_t *find_scenarios(const char *program, struct error *err)
{
	char *root = xasprintf("%s/scenarios", program);
	struct string_list paths = { 0 };
	json_t *found = scenario_folder_find(root, &paths, err) == 0 ? json_array() : NULL;
	for (size_t i = 0; found != NULL && i < paths.count; i++)
		json_array_append_new(found, describe_scenario(paths.items[i]));
	scenario_folder_release(&paths);
	free(root);
	return found;
}

/* What the bundled server says of itself; NULL with err. */
static json_t *describe_server(const char *program, struct error *err)
{
	char *path = xasprintf("%s/server-under-test/chunkserver", program);
	const char *const words[] = { path, "--describe", NULL };
	struct spawn_options options = { .words = words, .input = -1, .deadline_ns = DESCRIBE_DEADLINE_NS };
	json_t *described = NULL;
	int out;
	if (access(path, X_OK) != 0) {
		error_set(err, ERROR_ENVIRONMENT, "'%s' is not built; type: make", cmd_shown_path(path));
	} else if (spawn_run(&options, &out, err) == 0) {
		json_error_t bad;
		described = json_loadfd(out, 0, &bad);
		if (described == NULL)
			error_set(err, ERROR_ENVIRONMENT, "'%s --describe': %s", path, bad.text);
		close(out);
	}
	free(path);
	return described;
}

static json_t *describe_isolation(void)
{
	json_t *array = json_array();
	for (size_t i = 0; isolation_backends[i] != NULL; i++) {
		const struct isolation_backend *b = isolation_backends[i];
		struct error err = ERROR_INIT;
		bool works = b->probe(&err) == 0;
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:b, s:o}", "name", b->name, "summary", b->summary, "works",
						works, "error", works ? json_null() : text_json(err.message)));
	}
	return array;
}

static json_t *describe_networks(void)
{
	json_t *array = json_array();
	for (const struct network_preset *n = network_presets; n->name != NULL; n++)
		json_array_append_new(array, json_pack("{s:s, s:I, s:I, s:I, s:s}", "name", n->name, "down_bytes_per_s",
						       (json_int_t)n->down_bytes_per_s, "up_bytes_per_s",
						       (json_int_t)n->up_bytes_per_s, "latency_ns",
						       (json_int_t)n->latency_ns, "source", n->source));
	return array;
}

static json_t *describe_exporters(void)
{
	json_t *array = json_array();
	for (size_t i = 0; exporters[i] != NULL; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:s}", "name", exporters[i]->name, "summary", exporters[i]->summary));
	return array;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

static void print_scenarios(struct page *p, const json_t *all)
{
	size_t i, k;
	json_t *s, *e;
	json_array_foreach (all, i, s) {
		char cap[UNITS_TEXT_MAX] = "no cap";
		json_t *memory = json_object_get(s, "memory_bytes");
		page_ink(p, INK_STRONG, "  %s\n", text_of(s, "path"));
		if (json_is_integer(memory))
			units_format_size((uint64_t)json_integer_value(memory), cap);
		if (json_object_get(s, "name") != NULL) {
			buf_addf(&p->text, "    %s, expected ", cap);
			json_array_foreach (json_object_get(s, "expected"), k, e)
				buf_addf(&p->text, "%s%s", k > 0 ? " or " : "", json_string_value(e));
			buf_addf(&p->text, "%s\n", k == 0 ? "nothing" : "");
		}
		if (text_of(s, "question")[0] != '\0')
			page_wrap(p, INK_FAINT, "    ", text_of(s, "question"));
		if (text_of(s, "error")[0] != '\0')
			page_wrap(p, INK_BAD, "    ", text_of(s, "error"));
	}
	if (json_array_size(all) == 0)
		page_ink(p, INK_WARN, "  none in the folder of the program\n");
}

/* "  name            text", wrapped below the text. */
static void print_item(struct page *p, const char *name, enum ink ink, const char *text)
{
	char *lead = xasprintf("  %-20s ", name);
	page_wrap(p, ink, lead, text);
	free(lead);
}

static void print_named(struct page *p, const json_t *items)
{
	size_t i;
	json_t *item;
	json_array_foreach (items, i, item) {
		struct buf text = BUF_INIT;
		json_t *value = json_object_get(item, "default");
		buf_adds(&text, text_of(item, "summary"));
		char *shown = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
		if (json_is_string(value))
			buf_addf(&text, " [%s]", json_string_value(value));
		else if (shown != NULL)
			buf_addf(&text, " [%s]", shown);
		free(shown);
		if (text_of(item, "error")[0] != '\0')
			buf_addf(&text, " (does not work here: %s)", text_of(item, "error"));
		print_item(p, text_of(item, "name"), text_of(item, "error")[0] != '\0' ? INK_WARN : INK_PLAIN,
			   buf_str(&text));
		buf_release(&text);
	}
}

/* Where the figures come from is in --json. */
static void print_networks(struct page *p)
{
	page_ink(p, INK_FAINT, "  %-18s %12s %12s %12s\n", "", "down", "up", "first byte");
	for (const struct network_preset *n = network_presets; n->name != NULL; n++) {
		char down[UNITS_TEXT_MAX], up[UNITS_TEXT_MAX], latency[UNITS_TEXT_MAX];
		buf_addf(&p->text, "  %-18s %12s %12s %12s\n", n->name,
			 n->down_bytes_per_s ? units_format_rate((double)n->down_bytes_per_s, down) : "unlimited",
			 n->up_bytes_per_s ? units_format_rate((double)n->up_bytes_per_s, up) : "unlimited",
			 n->latency_ns ? units_format_duration(n->latency_ns, latency) : "at once");
	}
}

static void print_text(const json_t *all)
{
	struct page p;
	json_t *server = json_object_get(all, "server");
	page_init(&p, stdout);
	page_ink(&p, INK_STRONG, "Scenarios\n");
	print_scenarios(&p, json_object_get(all, "scenarios"));
	if (json_is_object(server)) {
		page_ink(&p, INK_STRONG, "\nPresets of the bundled server (--set server.preset=NAME)\n");
		print_named(&p, json_object_get(server, "presets"));
		page_ink(&p, INK_STRONG, "\nBehaviours (--set server.behaviours.NAME=VALUE)\n");
		print_named(&p, json_object_get(server, "behaviours"));
	} else {
		page_ink(&p, INK_STRONG, "\nBundled server\n");
		page_wrap(&p, INK_WARN, "  ", text_of(all, "server_error"));
	}
	page_ink(&p, INK_STRONG, "\nWays to cap memory (--set isolation=NAME)\n");
	print_named(&p, json_object_get(all, "isolation"));
	page_ink(&p, INK_STRONG, "\nNetworks (--set load.GROUP.network=NAME)\n");
	print_networks(&p);
	page_ink(&p, INK_STRONG, "\nReport formats (oomrig show --format NAME)\n");
	print_named(&p, json_object_get(all, "formats"));
	page_write(&p, stdout);
	page_release(&p);
}

static int list_everything(bool as_json)
{
	struct error err = ERROR_INIT, server_err = ERROR_INIT;
	char *program = home_folder(&err);
	json_t *scenarios = program != NULL ? find_scenarios(program, &err) : NULL;
	if (scenarios == NULL) {
		free(program);
		return cmd_fail(&err);
	}
	json_t *server = describe_server(program, &server_err);
	json_t *all = json_object();
	json_object_set_new(all, "schema", json_integer(1));
	json_object_set_new(all, "scenarios", scenarios);
	json_object_set_new(all, "server", server != NULL ? server : json_null());
	json_object_set_new(all, "server_error", server != NULL ? json_null() : text_json(server_err.message));
	json_object_set_new(all, "isolation", describe_isolation());
	json_object_set_new(all, "networks", describe_networks());
	json_object_set_new(all, "formats", describe_exporters());
	all = text_json_clean(all);
	if (as_json) {
		text_json_print(all, JSON_INDENT(2), stdout);
	} else {
		print_text(all);
	}
	int status = STATUS_OK;
	size_t i;
	json_t *s;
	json_array_foreach (json_object_get(all, "scenarios"), i, s)
		if (json_object_get(s, "error") != NULL)
			status = STATUS_USAGE;
	json_decref(all);
	free(program);
	return status;
}

/* A row of the table of keys, "name | type | default | meaning": the meaning on lines below. */
static void print_key(struct page *p, char *line)
{
	char *at = line;
	for (int bars = 0; at != NULL && bars < 3; bars++)
		at = strchr(bars == 0 ? at : at + 1, '|');
	if (at == NULL) {
		page_wrap(p, INK_STRONG, "", line);
		return;
	}
	for (char *end = at; end > line && strchr(" |", end[-1]) != NULL; end--)
		end[-1] = '\0';
	page_wrap(p, INK_PLAIN, "", line);
	page_wrap(p, INK_FAINT, "    ", at + 1 + strspn(at + 1, " "));
}

static void list_keys(void)
{
	struct buf text = BUF_INIT;
	struct page p;
	char *rest;
	scenario_describe_keys(&text);
	char *all = buf_detach(&text);
	page_init(&p, stdout);
	rest = all;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (rest != NULL || line[0] != '\0')
			print_key(&p, line);
	page_write(&p, stdout);
	page_release(&p);
	free(all);
}

static int main_list(int argc, char **argv)
{
	struct list_settings settings = { 0 };
	struct options_result words;
	struct error err = ERROR_INIT;
	int status;
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	if (words.operand_count > 0) {
		error_set(&err, ERROR_USAGE, "list takes no '%s'; its options are --keys and --json",
			  words.operands[0]);
		return cmd_fail(&err);
	}
	if (!settings.keys)
		return list_everything(settings.json);
	list_keys();
	return STATUS_OK;
}

const struct command command_list = { "list", "scenarios, presets, behaviours and what else can be named", &manual,
				      rows, main_list };
