#include "catalogue/catalogue.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/text.h"
#include "isolation/isolation.h"
#include "catalogue/formats.h"
#include "run/requirements.h"
#include "scenario/folder.h"
#include "scenario/network.h"
#include "scenario/scenario.h"

#define DESCRIBE_DEADLINE_NS (5 * NS_PER_S)

static json_t *describe_scenario(const char *path)
{
	struct scenario s;
	struct error err = ERROR_INIT;
	json_t *object = json_object();
	json_object_set_new(object, "path", text_json(fs_shown_path(path)));
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
		error_set(err, ERROR_ENVIRONMENT, "'%s' is not built; type: make", fs_shown_path(path));
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

json_t *catalogue_read(const char *program, struct error *err)
{
	struct error server_err = ERROR_INIT;
	json_t *scenarios = find_scenarios(program, err);
	if (scenarios == NULL)
		return NULL;
	json_t *server = describe_server(program, &server_err);
	json_t *all = json_object();
	json_object_set_new(all, "schema", json_integer(1));
	json_object_set_new(all, "scenarios", scenarios);
	json_object_set_new(all, "server", server != NULL ? server : json_null());
	json_object_set_new(all, "server_error", server != NULL ? json_null() : text_json(server_err.message));
	json_object_set_new(all, "isolation", describe_isolation());
	json_object_set_new(all, "networks", describe_networks());
	json_object_set_new(all, "formats", describe_exporters());
	return text_json_clean(all);
}

bool catalogue_is_readable(const json_t *all)
{
	size_t i;
	json_t *s;
	json_array_foreach (json_object_get(all, "scenarios"), i, s)
		if (json_object_get(s, "error") != NULL)
			return false;
	return true;
}
