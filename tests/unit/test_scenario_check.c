/* scenario: what can be run and what cannot, the descriptions of servers, the scenarios that are shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "run/requirements.h"
#include "scenario/folder.h"
#include "scenario/servers.h"
#include "scenario_cases.h"

/* A complete scenario with one thing wrong: {added or replaced by --set …, message}. */
static void test_check(void **state)
{
	(void)state;
	static const char server[] = "server: {command: [serve], upload: {path: /up}, download: {path: \"/{id}\"}}\n";
	static const struct {
		const char *text;    /* the whole file where it begins with "server", else follows the server above */
		const char *message; /* "" accepted */
	} rows[] = {
		{ "load: [{size: 1}]", "" },
		{ "prepare: [{size: 1}]\nload: [{kind: download}, {kind: seek}]", "" },
		{ "runs: 1", "t.yaml: no load: 'load' needs at least one group" },
		{ "load: []", "t.yaml: no load: 'load' needs at least one group" },
		{ "swap: 1MiB\nload: [{size: 1}]", "t.yaml: 'swap' goes beyond a cap, but 'memory' is none" },
		{ "memory: 1MiB\nmemory_high: 1MiB\nload: [{size: 1}]",
		  "t.yaml: 'memory_high' is not below 'memory': it would never be reached" },
		{ "isolation: machine\nmemory: 64MiB\ndata_rate: 20MB/s\ndirty_ratio: 5\nswap: 1GiB\nload: [{size: 1}]",
		  "" },
		{ "isolation: machine\nload: [{size: 1}]",
		  "t.yaml: 'memory' must be at least 64 MiB with 'isolation: machine', which is what it has" },
		{ "memory: 63MiB\nisolation: machine\nload: [{size: 1}]",
		  "t.yaml:2: 'memory' must be at least 64 MiB with 'isolation: machine', which is what it has" },
		{ "isolation: machine\nmemory: 1GiB\nmemory_high: 1MiB\nload: [{size: 1}]",
		  "t.yaml:4: 'memory_high' does not go with 'isolation: machine'" },
		{ "isolation: machine\nmemory: 1GiB\noom_group: yes\nload: [{size: 1}]",
		  "t.yaml:4: 'oom_group' does not go with 'isolation: machine'" },
		{ "isolation: machine\nmemory: 1GiB\ntmp: ram\nload: [{size: 1}]", "" },
		{ "isolation: machine\nmemory: 1GiB\ndata: ram\nload: [{size: 1}]",
		  "t.yaml:4: 'data' does not go with 'isolation: machine'" },
		{ "memory: 1GiB\ndata_rate: 1MB/s\nload: [{size: 1}]",
		  "t.yaml:3: 'data_rate' needs 'isolation: machine'" },
		{ "memory: 1GiB\ndirty_ratio: 3\nload: [{size: 1}]",
		  "t.yaml:3: 'dirty_ratio' needs 'isolation: machine'" },
		{ "server: {}\nload: [{size: 1}]",
		  "t.yaml: no server: give 'server.use', 'server.command' or a command after \"--\"" },
		{ "server: {command: x, preset: old}\nload: [{size: 1}]",
		  "t.yaml: 'server.preset' is given, but neither the command nor another text of the server holds "
		  "{preset}" },
		{ "server: {command: x}\nload: [{size: 1}]",
		  "t.yaml: load group 'upload-1': uploads need 'server.upload.path'" },
		{ "server: {command: x, ready: {by: http}}\nload: [{size: 1}]",
		  "t.yaml: 'server.ready.by' is http, which needs 'server.ready.path'" },
		{ "server: {command: x, ready: {path: /}}\nload: [{size: 1}]",
		  "t.yaml: 'server.ready.path' is given, which needs 'server.ready.by: http'" },
		{ "server: {command: x, ready: {by: log}}\nload: [{size: 1}]",
		  "t.yaml: 'server.ready.by' is log, which needs 'server.ready.text'" },
		{ "server: {command: x, ready: {text: up}}\nload: [{size: 1}]",
		  "t.yaml: 'server.ready.text' is given, which needs 'server.ready.by: log'" },
		{ "server: {command: x, login: {body: a}}\nload: [{size: 1}]",
		  "t.yaml: 'server.login' has keys but no path" },
		{ "server: {command: x, login: {path: /, body: a, form: {b: c}}}\nload: [{size: 1}]",
		  "t.yaml: 'server.login' has a body and a form; a request sends one of them" },
		{ "server: {command: x, upload: {chunked: yes}}\nload: [{size: 1}]",
		  "t.yaml: 'server.upload.chunked' needs 'server.upload.body: raw'" },
		{ "server: {command: x, upload: {body: raw, fields: {a: b}}}\nload: [{size: 1}]",
		  "t.yaml: 'server.upload.fields' needs 'server.upload.body: multipart'" },
		{ "server: {command: x, upload: {id_json: /a, id_header: Location}}\nload: [{size: 1}]",
		  "t.yaml: 'server.upload' has id_json and id_header; the id is in one place" },
		{ "server: {command: [x, '{prot}'], upload: {path: /}}\nload: [{size: 1}]",
		  "t.yaml:1: 'server.command': unknown name '{prot}'; did you mean '{port}'?" },
		{ "server: {command: x, upload: {path: /},\n  env: {A: b,\n    B: '{id}'}}\nload: [{size: 1}]",
		  "t.yaml:3: 'server.env.B': unknown name '{id}'" },
		{ "server: {command: x, cwd: '{data', upload: {path: /}}\nload: [{size: 1}]",
		  "t.yaml:1: 'server.cwd': '{' without a name and '}' (a literal brace is written '{{')" },
		{ "server: {command: x}\nload:\n- kind: request\n  request:\n    path: /{nmae}",
		  "t.yaml:5: 'load.1.request.path': unknown name '{nmae}'; did you mean '{name}'?" },
		{ "server: {command: x, preset: odl,\n presets: [new, old], env: {P: '{preset}'}, upload: {path: /}}\n"
		  "load: [{size: 1}]",
		  "t.yaml:1: 'server.preset': unknown preset 'odl' (known: new, old); did you mean 'old'?" },
		{ "server: {command: [x, '{source}', '{{literal'], cwd: '{scenario_dir}/{preset}', upload: {path: "
		  "'/{name}'}}\n"
		  "load: [{size: 1}]",
		  "" },
		{ "load: [{name: a}]", "t.yaml: load group 'a': uploads need a size or a file" },
		{ "load: [{name: a, size: 1, file: t}]",
		  "t.yaml: load group 'a': has a size and a file; a file has its own size" },
		{ "load: [{name: a, file: /none/such}]",
		  "t.yaml: load group 'a': cannot read the file '/none/such': No such file or directory" },
		{ "load: [{name: a, kind: download}]",
		  "t.yaml: load group 'a': downloads need objects: an upload group under 'prepare'" },
		{ "load: [{name: a, kind: download, size: 1}]", "t.yaml: load group 'a': only uploads have a size" },
		{ "prepare: [{size: 1}]\nload: [{name: a, kind: seek, read_back: on}]",
		  "t.yaml: load group 'a': only uploads can be read back" },
		{ "prepare: [{size: 1}]\nload:\n- kind: seek\n  seeks: 0",
		  "t.yaml:5: 'load.1.seeks': '0' is outside 1 to 1000000" },
		{ "load: [{name: a, kind: request}]", "t.yaml: load group 'a': requests need 'request.path'" },
		{ "load: [{name: a, size: 1, request: {path: /}}]",
		  "t.yaml: load group 'a': 'request' needs 'kind: request'" },
		{ "prepare: [{name: a, kind: download}]\nload: [{size: 1}]",
		  "t.yaml: prepare group 'a': only uploads and requests can prepare" },
		{ "load: [{name: a, size: 1, files: 0}]",
		  "t.yaml: load group 'a': files is 0, which needs a duration" },
		{ "load: [{name: a, size: 1, cut: on}]", "t.yaml: load group 'a': cut needs a duration" },
		{ "load: [{name: a, size: 1, stall: 1s}]", "t.yaml: load group 'a': stall needs stall_after" },
		{ "load: [{name: a, size: [9MB, 1MB], vanish_after: 1MB}]",
		  "t.yaml: load group 'a': vanish_after is not less than its size of 1000000 bytes" },
		{ "load: [{name: a, size: 1, start: 30s, duration: 30s}]",
		  "t.yaml: load group 'a': runs until 60.0 s, which is not before the deadline of 60.0 s" },
		{ "load: [{name: a, size: 1}, {name: a, size: 1}]",
		  "t.yaml: load group 'a': another group has that name" },
		{ "on_crash: read-back\nload: [{size: 1}]", "" },
		{ "on_crash: restart\nload: [{size: 1}]", "" },
		{ "on_crash: restart\nrounds: 2\nload: [{size: 1}]",
		  "t.yaml: 'on_crash: restart' goes with one round" },
		{ "on_crash: read-back\nload: [{kind: request, request: {path: /}}]",
		  "t.yaml: 'on_crash: read-back' needs uploads to read" },
		{ "on_crash: read-back\nload: [{size: 1}, {kind: request, request: {path: /, method: DELETE}}]",
		  "t.yaml: 'on_crash: read-back' would take for lost what the load deletes" },
		{ "on_crash: read-back\ndata: ram\nload: [{size: 1}]",
		  "t.yaml: 'on_crash: read-back' needs 'data: disk'; a RAM disk goes with its server" },
		{ "server: {command: x, upload: {path: /up}}\non_crash: read-back\nload: [{size: 1}]",
		  "t.yaml: 'on_crash: read-back' needs 'server.download.path'" },
		{ "load: [{name: a.b, size: 1}]", "t.yaml: load group 'a.b': a name has letters, but no '.' or '='" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool whole = strncmp(rows[i].text, "server", 6) == 0;
		char *text = xasprintf("%s%s\n", whole ? "" : server, rows[i].text);
		struct scenario s;
		struct error err = ERROR_INIT;
		if (parse(&s, text, &err) == 0) {
			scenario_check(&s, &err);
			scenario_release(&s);
		}
		expect_text(text, err.message, rows[i].message);
		free(text);
	}
	assert_int_equal(failures, 0);
}

/* A tree with DIR/servers/good.yaml, DIR/servers/bad.yaml and a scenario folder DIR/a/b. */
static char *make_tree(void)
{
	static const char good[] = "description: good\ncommand: [serve, --fast]\nenv: {A: file, B: file}\n"
				   "ready: {by: http, path: /ok}\nupload: {path: /up, field: f}\n";
	char dir[] = "/tmp/oomrig-test-XXXXXX";
	struct error err = ERROR_INIT;
	assert_non_null(mkdtemp(dir));
	char *servers = xasprintf("%s/servers", dir), *deep = xasprintf("%s/a/b", dir);
	char *path = xasprintf("%s/good.yaml", servers), *bad = xasprintf("%s/bad.yaml", servers);
	char *nested = xasprintf("%s/nested.yaml", servers);
	assert_int_equal(fs_make_dirs(servers, &err), 0);
	assert_int_equal(fs_make_dirs(deep, &err), 0);
	assert_int_equal(fs_write_file(path, good, strlen(good), &err), 0);
	assert_int_equal(fs_write_file(bad, "\nport: x\n", 9, &err), 0);
	assert_int_equal(fs_write_file(nested, "use: good\n", 10, &err), 0);
	free(servers);
	free(deep);
	free(path);
	free(bad);
	free(nested);
	return xstrdup(dir);
}

static void expect_use(const char *dir, const char *server, const char *message)
{
	char *path = xasprintf("%s/a/b/s.yaml", dir), *text = xasprintf("runs: 1\nserver: {%s}\n", server);
	struct scenario s;
	struct error err = ERROR_INIT;
	if (scenario_parse(&s, path, text, strlen(text), &err) == 0)
		scenario_release(&s);
	char *expected = xasprintf(message, dir, dir);
	expect_text(server, err.message, expected);
	free(expected);
	free(path);
	free(text);
}

static void test_server_files(void **state)
{
	(void)state;
	char *dir = make_tree();
	char *path = xasprintf("%s/a/b/s.yaml", dir);
	static const char text[] =
		"server:\n  command: [other]\n  env: {B: own, C: own}\n  upload: {field: g}\n  use: good\n"
		"load: [{file: own.bin}]\n";
	static const char *const rows[][2] = {
		{ "server.use", "\"good\"" },	     { "server.description", "\"good\"" },
		{ "server.command", "[\"other\"]" }, { "server.env", "{\"A\":\"file\",\"B\":\"own\",\"C\":\"own\"}" },
		{ "server.ready.by", "\"http\"" },   { "server.upload.path", "\"/up\"" },
		{ "server.upload.field", "\"g\"" },
	};
	struct scenario s;
	struct error err = ERROR_INIT;
	if (scenario_parse(&s, path, text, strlen(text), &err) != 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_dumped(&s, rows[i][0], rows[i][1]);
	char *file = xasprintf("%s/a/b/own.bin", dir);
	expect_text("file beside the scenario", s.load.items[0].file, file);
	free(file);
	assert_int_equal(scenario_set(&s, "server.use=good", &err), 0);
	expect_dumped(&s, "server.command", "[\"serve\",\"--fast\"]");
	expect_dumped(&s, "server.env", "{\"A\":\"file\",\"B\":\"file\"}");
	scenario_release(&s);

	expect_use(dir, "use: godo",
		   "%s/a/b/s.yaml:2: 'server.use': no server 'godo' (known: bad, good, nested); did you mean 'good'?; "
		   "looked for 'servers/godo.yaml' in '%s/a/b' and the folders above it, and among those that come "
		   "with oomrig");
	expect_use(dir, "use: bad", "%s/servers/bad.yaml:2: 'port': 'x' is not a whole number (such as 3 or 10k)");
	expect_use(dir, "use: nested", "%s/servers/nested.yaml:1: 'use': a server description cannot build on another");
	expect_use(dir, "use: [good]", "%s/a/b/s.yaml:2: 'server.use': expected text, found a list");
	fs_remove_tree(dir, &err);
	free(path);
	free(dir);
	assert_int_equal(failures, 0);
}

static void check_shipped(const char *path, size_t *checked)
{
	struct scenario s;
	struct error err = ERROR_INIT;
	(*checked)++;
	if (scenario_load(&s, path, &err) != 0) {
		expect_text(path, err.message, "");
		return;
	}
	if (scenario_check(&s, &err) != 0 || requirements_check(&s, &err) != 0 || s.question == NULL || s.why == NULL ||
	    s.expect.count == 0)
		expect_text(path, err.message, "valid, with question, why and expect");
	scenario_release(&s);
}

/* Every scenario that is shipped loads, checks, and says what it asks. */
static void test_shipped(void **state)
{
	(void)state;
	struct string_list paths = { 0 };
	struct error err = ERROR_INIT;
	size_t checked = 0;
	if (access("scenarios", R_OK) != 0) {
		print_message("no folder 'scenarios' here: run from the top of the source tree\n");
		skip();
	}
	assert_int_equal(scenario_folder_find("scenarios", &paths, &err), 0);
	for (size_t i = 0; i < paths.count; i++)
		check_shipped(paths.items[i], &checked);
	scenario_folder_release(&paths);
	assert_in_range(checked, 50, SIZE_MAX);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_check, reset_failures),
		cmocka_unit_test_setup(test_server_files, reset_failures),
		cmocka_unit_test_setup(test_shipped, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
