/* scenario: reading, refusing with the right words, overriding, dumping, checking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "run/requirements.h"
#include "scenario/folder.h"
#include "scenario/network.h"
#include "scenario/scenario.h"
#include "scenario/schema.h"
#include "scenario/servers.h"
#include "expect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse(struct scenario *s, const char *text, struct error *err)
{
	return scenario_parse(s, "t.yaml", text, strlen(text), err);
}

/* The value of a dotted path in a dump: a number in decimal, text as it is. */
static char *dumped(const struct scenario *s, const char *path)
{
	json_t *root = scenario_dump(s);
	json_t *at = root;
	char *copy = xstrdup(path), *rest = copy;
	for (char *word = strsep(&rest, "."); word != NULL && at != NULL; word = strsep(&rest, "."))
		at = json_is_array(at) ? json_array_get(at, strtoul(word, NULL, 10)) : json_object_get(at, word);
	char *json = at == NULL ? xstrdup("(missing)") : json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT);
	free(copy);
	json_decref(root);
	return json;
}

static void expect_dumped(const struct scenario *s, const char *path, const char *expected)
{
	char *got = dumped(s, path);
	expect_text(path, got, expected);
	free(got);
}

static void test_defaults(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "name", "\"t\"" },
		{ "question", "null" },
		{ "isolation", "\"auto\"" },
		{ "memory", "0" },
		{ "data", "\"disk\"" },
		{ "seed", "1" },
		{ "sample_hz", "100" },
		{ "baseline", "\"500ms\"" },
		{ "settle", "\"2s\"" },
		{ "deadline", "\"60s\"" },
		{ "expect", "[\"grew\",\"steady\"]" },
		{ "server.upload.method", "\"POST\"" },
		{ "server.upload.body", "\"multipart\"" },
		{ "server.upload.filename", "\"{name}\"" },
		{ "server.delete.method", "\"DELETE\"" },
		{ "server.login.method", "\"POST\"" },
		{ "server.download.path", "null" },
		{ "server.ready.by", "\"tcp\"" },
		{ "server.ready.timeout", "\"10s\"" },
		{ "server.health.deadline", "\"5s\"" },
		{ "server.behaviours", "{}" },
		{ "load.0.name", "\"upload-1\"" },
		{ "load.0.kind", "\"upload\"" },
		{ "load.0.clients", "1" },
		{ "load.0.size", "[10]" },
		{ "load.0.up", "\"0B/s\"" },
		{ "load.0.latency", "\"0s\"" },
		{ "load.0.rate_per_s", "0.0" },
		{ "load.0.verify", "true" },
		{ "load.0.read_back", "false" },
		{ "load.0.window", "1048576" },
		{ "load.1.name", "\"seek-2\"" },
	};
	struct scenario s;
	struct error err = ERROR_INIT;
	assert_int_equal(parse(&s, "load:\n- size: 10\n- kind: seek\n", &err), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_dumped(&s, rows[i][0], rows[i][1]);
	scenario_release(&s);
	assert_int_equal(failures, 0);
}

static void test_values(void **state)
{
	(void)state;
	static const char text[] = "# a comment\n"
				   "question: >-\n  two\n  lines\n"
				   "memory: 256MiB\n"
				   "swap: none\n"
				   "seed: 10k\n"
				   "settle: ~\n"
				   "data_allow_tmpfs: on\n"
				   "tmp: ram\n"
				   "expect: [crashed/oom-kill, grew]\n"
				   "tags: one\n"
				   "server:\n"
				   "  command: [serve, --data, \"{data}\"]\n"
				   "  behaviours: {form-memory: 32MiB, keep-temp-files: on}\n"
				   "  env: {A: \"1\"}\n"
				   "  ready: {by: log, text: started, timeout: 1m}\n"
				   "load:\n"
				   "  - {name: tabs, size: [618MB, 4k], rate_per_s: 2.5, think: 1500ms, up: 2Mbit/s}\n";
	static const char *const rows[][2] = {
		{ "question", "\"two lines\"" },
		{ "memory", "268435456" },
		{ "swap", "0" },
		{ "seed", "10000" },
		{ "settle", "\"2s\"" },
		{ "data_allow_tmpfs", "true" },
		{ "tmp", "\"ram\"" },
		{ "expect", "[\"crashed/oom-kill\",\"grew\"]" },
		{ "tags", "[\"one\"]" },
		{ "server.command", "[\"serve\",\"--data\",\"{data}\"]" },
		{ "server.behaviours", "{\"form-memory\":\"32MiB\",\"keep-temp-files\":\"on\"}" },
		{ "server.env.A", "\"1\"" },
		{ "server.ready.by", "\"log\"" },
		{ "server.ready.text", "\"started\"" },
		{ "server.ready.timeout", "\"60s\"" },
		{ "load.0.size", "[618000000,4096]" },
		{ "load.0.rate_per_s", "2.5" },
		{ "load.0.think", "\"1500ms\"" },
		{ "load.0.up", "\"250000B/s\"" },
	};
	struct scenario s;
	struct error err = ERROR_INIT;
	if (parse(&s, text, &err) != 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_dumped(&s, rows[i][0], rows[i][1]);
	scenario_release(&s);
	assert_int_equal(failures, 0);
}

/* Each file is refused with exactly this message. */
static void test_refused(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "", "t.yaml: holds no keys" },
		{ "# only a comment\n", "t.yaml: holds no keys" },
		{ "---\n", "t.yaml: holds no keys" },
		{ "- a\n", "t.yaml:1: expected a mapping of keys, found a list" },
		{ "hello\n", "t.yaml:1: expected a mapping of keys, found a single value" },
		{ "memory: 1MiB\nmemmory: 2MiB\n", "t.yaml:2: unknown key 'memmory'; did you mean 'memory'?" },
		{ "memory: 1MiB\n\nmemory: 2MiB\n", "t.yaml:3: 'memory' is given twice, first in line 1" },
		{ "preset: all-fixes\n", "t.yaml:1: unknown key 'preset'; did you mean 'server.preset'?" },
		{ "clients: 3\n", "t.yaml:1: unknown key 'clients'; did you mean 'load.*.clients'?" },
		{ "server:\n  upload:\n    xyzzy: 1\n",
		  "t.yaml:3: 'server.upload': unknown key 'xyzzy' (known: method, path, body, field, filename, "
		  "content_type, fields, headers, chunked, id_json, id_header)" },
		{ "load:\n- size: 1\n- siez: 1\n", "t.yaml:3: 'load.2': unknown key 'siez'; did you mean 'size'?" },
		{ "? [a]\n: b\n", "t.yaml:1: expected the name of a key, found a list" },
		{ "server:\n  ? {a: b}\n  : c\n", "t.yaml:2: 'server': expected the name of a key, found a mapping" },
		{ "memory: lots\n", "t.yaml:1: 'memory': 'lots' is not a size (such as 256MiB, 618MB or 327680)" },
		{ "memory: -1\n", "t.yaml:1: 'memory': '-1' is not a size (such as 256MiB, 618MB or 327680)" },
		{ "memory: 65TiB\n", "t.yaml:1: 'memory': '65TiB' is outside 0 B to 64 TiB" },
		{ "memory: [1, 2]\n",
		  "t.yaml:1: 'memory': expected a size (such as 256MiB, 618MB or 327680), found a list" },
		{ "memory:\nruns: 1\n",
		  "t.yaml:1: 'memory': expected a size (such as 256MiB, 618MB or 327680), found nothing" },
		{ "runs: 0\n", "t.yaml:1: 'runs': '0' is outside 1 to 100000" },
		{ "runs: 1.5\n", "t.yaml:1: 'runs': '1.5' is not a whole number (such as 3 or 10k)" },
		{ "sample_hz: 5000\n", "t.yaml:1: 'sample_hz': '5000' is outside 1 to 1000" },
		{ "settle: 5\n", "t.yaml:1: 'settle': '5' is not a duration (such as 500ms, 30s or 1h30m)" },
		{ "settle: 2h\n", "t.yaml:1: 'settle': '2h' is outside 0s to 1h" },
		{ "tmp: rma\n", "t.yaml:1: 'tmp': unknown value 'rma' (known: disk, ram); did you mean 'ram'?" },
		{ "data_allow_tmpfs: maybe\n", "t.yaml:1: 'data_allow_tmpfs': 'maybe' is not true or false" },
		{ "expect: oom-kill\n",
		  "t.yaml:1: 'expect': 'oom-kill' is a cause without its outcome; did you mean 'crashed/oom-kill'?" },
		{ "expect: crash\n", "t.yaml:1: 'expect': unknown outcome 'crash' (known: crashed, stalled, grew, "
				     "steady, invalid); did you mean 'crashed'?" },
		{ "expect:\n- steady\n- grew/pagecache\n",
		  "t.yaml:3: 'expect': unknown cause of 'grew' 'pagecache' (known: leak, peak, page-cache); "
		  "did you mean 'page-cache'?" },
		{ "expect: steady/leak\n",
		  "t.yaml:1: 'expect': outcome 'steady' has no causes, 'steady/leak' cannot be expected" },
		{ "expect: {a: b}\n",
		  "t.yaml:1: 'expect': expected text or a list of texts, found a mapping (a text that "
		  "starts with a brace needs quotes: \"{data}\")" },
		{ "tags: [[a]]\n", "t.yaml:1: 'tags': expected text or a list of texts, found a list" },
		{ "server: chunkserver\n", "t.yaml:1: 'server': expected a mapping of keys, found a single value" },
		{ "server:\n", "t.yaml:1: 'server': expected a mapping of keys, found nothing" },
		{ "server:\n  command: [x, {port}]\n", "t.yaml:2: 'server.command': expected text or a list of texts, "
						       "found a mapping (a text that starts with "
						       "a brace needs quotes: \"{data}\")" },
		{ "server:\n  port: 70000\n", "t.yaml:2: 'server.port': '70000' is outside 0 to 65535" },
		{ "server:\n  env: [A=1]\n", "t.yaml:2: 'server.env': expected a mapping of texts, found a list" },
		{ "server:\n  env: {A: [1]}\n", "t.yaml:2: 'server.env.A': expected text, found a list" },
		{ "server:\n  env: {A: 1, A: 2}\n", "t.yaml:2: 'server.env.A' is given twice, first in line 2" },
		{ "server:\n  upload:\n    id_json: id\n",
		  "t.yaml:3: 'server.upload.id_json': 'id' is not a JSON pointer (such as /id or /entry/id)" },
		{ "server:\n  ready: {by: htp}\n",
		  "t.yaml:2: 'server.ready.by': unknown value 'htp' (known: http, tcp, log); did you mean 'http'?" },
		{ "load: 3\n",
		  "t.yaml:1: 'load': expected a list of load groups (each begins with '- '), found a single value" },
		{ "load:\n  name: tabs\n",
		  "t.yaml:2: 'load': expected a list of load groups (each begins with '- '), found a mapping" },
		{ "load:\n- tabs\n", "t.yaml:2: 'load.1': expected a mapping of keys, found a single value" },
		{ "load:\n- size: [1MB, big]\n",
		  "t.yaml:2: 'load.1.size': 'big' is not a size (such as 256MiB, 618MB or 327680)" },
		{ "load:\n- clients: 0\n", "t.yaml:2: 'load.1.clients': '0' is outside 1 to 100000" },
		{ "load:\n- up: 5\n",
		  "t.yaml:2: 'load.1.up': '5' is not a rate (such as 2Mbit/s, 400kbit/s or 1MB/s)" },
		{ "load:\n- rate_per_s: fast\n",
		  "t.yaml:2: 'load.1.rate_per_s': 'fast' is not a number (such as 2.5)" },
		{ "load:\n- network: fast3g\n",
		  "t.yaml:2: 'load.1.network': unknown network 'fast3g' (known: none, slow-3g, fast-3g, slow-4g, "
		  "fast-4g, "
		  "gprs, regular-2g, good-2g, regular-3g, good-3g, regular-4g, dsl, wifi); did you mean 'fast-3g'?" },
		{ "question: \"a\\0b\"\n", "t.yaml:1: 'question': a text cannot hold a NUL byte" },
		{ "runs: 1\n---\nruns: 2\n", "t.yaml:3: a second YAML document; one file holds one" },
		{ "runs: 1\nload: [\n", "t.yaml:3: not YAML: did not find expected node content (while parsing a flow "
					"node that began in line 3)" },
		{ "runs: 1\n\tmemory: 2\n",
		  "t.yaml:2: not YAML: found a tab character that violates indentation (while "
		  "scanning a plain scalar that began in line 1)" },
		{ "runs: \"1\n",
		  "t.yaml:2: not YAML: found unexpected end of stream (while scanning a quoted scalar that "
		  "began in line 1)" },
		{ "runs: *x\n", "t.yaml:1: not YAML: found undefined alias" },
		{ "runs: 1\nwhy: \xff\n", "t.yaml:2: not YAML: invalid leading UTF-8 octet" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scenario s;
		struct error err = ERROR_INIT;
		if (parse(&s, rows[i][0], &err) == 0) {
			scenario_release(&s);
			err.message[0] = '\0';
		} else {
			expect_figure(rows[i][0], err.code, ERROR_INPUT);
			assert_null(s.path); /* released */
		}
		expect_text(rows[i][0], err.message, rows[i][1]);
	}
	assert_int_equal(failures, 0);
}

static void test_network(void **state)
{
	(void)state;
	struct scenario s;
	struct error err = ERROR_INIT;
	static const struct {
		const char *keys;
		uint64_t up, down, latency_ns;
	} rows[] = {
		{ "network: slow-3g", 50000, 50000, 2000 * NS_PER_MS },
		{ "network: fast-3g", 84375, 180000, 562500 * NS_PER_US },
		{ "network: Slow-4G", 84375, 180000, 562500 * NS_PER_US },
		{ "network: fast-4g", 168750, 1012500, 165 * NS_PER_MS },
		{ "network: gprs", 2560, 6400, 500 * NS_PER_MS },
		{ "network: wifi", 1966080, 3932160, 2 * NS_PER_MS },
		{ "network: fast-3g\n  up: 1MB/s", 1000000, 180000, 562500 * NS_PER_US },
		{ "up: none\n  latency: 1ms\n  network: fast-3g", 0, 180000, 1 * NS_PER_MS },
		{ "up: 8kbit/s", 1000, 0, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = xasprintf("load:\n- size: 1\n  %s\n", rows[i].keys);
		if (parse(&s, text, &err) != 0)
			fail_msg("%s", err.message);
		expect_figure(rows[i].keys, s.load.items[0].up_bytes_per_s, rows[i].up);
		expect_figure(rows[i].keys, s.load.items[0].down_bytes_per_s, rows[i].down);
		expect_figure(rows[i].keys, s.load.items[0].latency_ns, rows[i].latency_ns);
		scenario_release(&s);
		free(text);
	}
	assert_int_equal(failures, 0);
}

static const char runnable[] = "server:\n"
			       "  command: [serve, \"{preset}\"]\n"
			       "  preset: old\n"
			       "  upload: {path: /up}\n"
			       "  download: {path: \"/{id}\"}\n"
			       "load:\n"
			       "- {name: tabs, size: 618MB, clients: 3}\n"
			       "- {name: phones, size: 1MB, network: fast-3g}\n";

static void test_set(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{ "memory=512MiB", "memory", "536870912" },
		{ "memory=none", "memory", "0" },
		{ "server.preset=all-fixes", "server.preset", "\"all-fixes\"" },
		{ "server.behaviours.form-memory=1MiB", "server.behaviours", "{\"form-memory\":\"1MiB\"}" },
		{ "server.behaviours.form-memory=off", "server.behaviours", "{\"form-memory\":\"off\"}" },
		{ "server.upload.headers.X-A.b=c=d", "server.upload.headers", "{\"X-A.b\":\"c=d\"}" },
		{ "server.ready.timeout=3s", "server.ready.timeout", "\"3s\"" },
		{ "load.tabs.size=269MB,4k", "load.0.size", "[269000000,4096]" },
		{ "load.1.clients=2", "load.0.clients", "2" },
		{ "load.2.clients=7", "load.1.clients", "7" },
		{ "load.phones.network=slow-3g", "load.1.up", "\"50000B/s\"" },
		{ "load.phones.up=1kB/s", "load.1.up", "\"1000B/s\"" },
		{ "load.phones.request.path=/x", "load.1.request.path", "\"/x\"" },
		{ "load.phones.network=none", "load.1.up", "\"0B/s\"" },
		{ "expect=grew/peak,steady", "expect", "[\"grew/peak\",\"steady\"]" },
		{ "question=", "question", "\"\"" },
	};
	struct scenario s;
	struct error err = ERROR_INIT;
	if (parse(&s, runnable, &err) != 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (scenario_set(&s, rows[i][0], &err) != 0)
			fail_msg("%s", err.message);
		expect_dumped(&s, rows[i][1], rows[i][2]);
	}
	scenario_release(&s);
	assert_int_equal(failures, 0);
}

static void test_set_refused(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "memory", "--set memory: expected KEY=VALUE (such as memory=512MiB)" },
		{ "=1", "--set =1: expected KEY=VALUE (such as memory=512MiB)" },
		{ "memori=1", "--set memori=1: unknown key 'memori'; did you mean 'memory'?" },
		{ "memory=big", "--set memory=big: 'big' is not a size (such as 256MiB, 618MB or 327680)" },
		{ "memory.x=1", "--set memory.x=1: 'memory' has no keys of its own" },
		{ "server=x", "--set server=x: 'server' has keys of its own, name one of them (such as 'use')" },
		{ "load=x", "--set load=x: 'load' has keys of its own, name one of them (such as 'name')" },
		{ "load.tabs=x", "--set load.tabs=x: 'load' has keys of its own, name one of them (such as 'name')" },
		{ "load.tab.size=1",
		  "--set load.tab.size=1: 'load' has no group 'tab' (it has 2); did you mean 'tabs'?" },
		{ "load.3.size=1", "--set load.3.size=1: 'load' has no group '3' (it has 2)" },
		{ "load.0.size=1", "--set load.0.size=1: 'load' has no group '0' (it has 2)" },
		{ "prepare.1.size=1", "--set prepare.1.size=1: 'prepare' has no group '1' (it has 0)" },
		{ "server.behaviours=x",
		  "--set server.behaviours=x: 'behaviours' needs the name of an entry (such as 'behaviours.NAME')" },
		{ "expect=steady,grown",
		  "--set expect=steady,grown: unknown outcome 'grown' (known: crashed, stalled, grew, "
		  "steady, invalid); did you mean 'grew'?" },
		{ "runs=0", "--set runs=0: '0' is outside 1 to 100000" },
		{ "server.use=a/b",
		  "--set server.use=a/b: 'a/b': expected the name of a server, as in servers/NAME.yaml, not a path" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scenario s;
		struct error err = ERROR_INIT;
		assert_int_equal(parse(&s, runnable, &err), 0);
		if (scenario_set(&s, rows[i][0], &err) == 0)
			err.message[0] = '\0';
		expect_text(rows[i][0], err.message, rows[i][1]);
		expect_figure(rows[i][0], err.code, ERROR_USAGE);
		scenario_release(&s);
	}
	assert_int_equal(failures, 0);
}

static void test_set_command(void **state)
{
	(void)state;
	char *argv[] = { "my\xff", "server", NULL };
	struct scenario s;
	struct error err = ERROR_INIT;
	assert_int_equal(parse(&s, runnable, &err), 0);
	scenario_set_command(&s, argv);
	expect_dumped(&s, "server.command", "[\"my?\",\"server\"]");
	expect_dumped(&s, "server.preset", "null");
	assert_null(s.server.command.items[2]);
	if (scenario_check(&s, &err) != 0)
		fail_msg("%s", err.message);
	/* A path is meant from here; one that is not there is left for the start to complain of. */
	scenario_set_command(&s, (char *[]){ "/etc/../etc/passwd", "./x/../y", NULL });
	expect_dumped(&s, "server.command", "[\"/etc/passwd\",\"./x/../y\"]");
	scenario_set_command(&s, (char *[]){ "./no/such", NULL });
	expect_dumped(&s, "server.command", "[\"./no/such\"]");
	scenario_release(&s);
	assert_int_equal(failures, 0);
}

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
		{ "server: {}\nload: [{size: 1}]",
		  "t.yaml: no server: give 'server.use', 'server.command' or a command after \"--\"" },
		{ "server: {command: x, preset: old}\nload: [{size: 1}]",
		  "t.yaml: 'server.preset' is given, but the command holds no {preset}" },
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
		{ "on_crash: restart\nrounds: 2\nload: [{size: 1}]", "t.yaml: 'on_crash: restart' goes with one round" },
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
		   "looked for 'servers/godo.yaml' in '%s/a/b' and the folders above it");
	expect_use(dir, "use: bad", "%s/servers/bad.yaml:2: 'port': 'x' is not a whole number (such as 3 or 10k)");
	expect_use(dir, "use: nested", "%s/servers/nested.yaml:1: 'use': a server description cannot build on another");
	expect_use(dir, "use: [good]", "%s/a/b/s.yaml:2: 'server.use': expected text, found a list");
	fs_remove_tree(dir, &err);
	free(path);
	free(dir);
	assert_int_equal(failures, 0);
}

/* A dump can be read as a scenario, and says the same again. */
static void test_dump_reads_back(void **state)
{
	(void)state;
	struct scenario s, again;
	struct error err = ERROR_INIT;
	assert_int_equal(parse(&s, runnable, &err), 0);
	assert_int_equal(scenario_set(&s, "server.env.Q=\"a: {b}\n", &err), 0);
	json_t *json = scenario_dump(&s);
	char *first = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	if (parse(&again, first, &err) != 0)
		fail_msg("%s", err.message);
	json = scenario_dump(&again);
	char *second = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	assert_string_equal(first, second);
	free(first);
	free(second);
	scenario_release(&s);
	scenario_release(&again);
}

static void count_row(void *arg, const char *path, const struct key_row *row)
{
	if (row->doc == NULL || row->doc[0] == '\0') {
		print_error("'%s' has no meaning\n", path);
		failures++;
	}
	(*(size_t *)arg)++;
}

static void test_reference(void **state)
{
	(void)state;
	size_t rows = 0, lines = 0;
	schema_walk(count_row, &rows);
	struct buf out = BUF_INIT;
	scenario_describe_keys(&out);
	for (const char *p = out.data; (p = strstr(p, " | ")) != NULL; p = strchr(p, '\n'))
		lines++;
	size_t headings = 0;
	for (const char *p = out.data; (p = strstr(p, "\nkey  ")) != NULL; p++)
		headings++;
	expect_figure("lines of the reference", lines - headings, rows);
	assert_non_null(strstr(out.data, "### `server.upload`"));
	assert_int_equal(failures, 0);

	struct buf page = BUF_INIT;
	struct error err = ERROR_INIT;
	if (fs_read_file("docs/scenarios.md", &page, &err) != 0) {
		print_message("not compared with the page: %s\n", err.message);
		buf_release(&out);
		skip();
	}
	if (strstr(page.data, out.data) == NULL)
		fail_msg("docs/scenarios.md does not hold the current output of 'oomrig list --keys'");
	buf_release(&page);
	buf_release(&out);
}

static void test_missing_file(void **state)
{
	(void)state;
	struct scenario s;
	struct error err = ERROR_INIT;
	assert_int_equal(scenario_load(&s, "/none/such.yaml", &err), -1);
	assert_string_equal(err.message, "cannot open '/none/such.yaml': No such file or directory");
	assert_int_equal(err.code, ERROR_INPUT);
	assert_int_equal(scenario_load(&s, "/tmp", &err), -1);
	assert_string_equal(err.message, "cannot read '/tmp': Is a directory");
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
	if (scenario_check(&s, &err) != 0 || requirements_check(&s, &err) != 0 || s.question == NULL || s.why == NULL || s.expect.count == 0)
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
		cmocka_unit_test_setup(test_defaults, reset_failures),	  cmocka_unit_test_setup(test_values, reset_failures),
		cmocka_unit_test_setup(test_refused, reset_failures),	  cmocka_unit_test_setup(test_network, reset_failures),
		cmocka_unit_test_setup(test_set, reset_failures),	  cmocka_unit_test_setup(test_set_refused, reset_failures),
		cmocka_unit_test_setup(test_set_command, reset_failures),  cmocka_unit_test_setup(test_check, reset_failures),
		cmocka_unit_test_setup(test_server_files, reset_failures), cmocka_unit_test_setup(test_dump_reads_back, reset_failures),
		cmocka_unit_test_setup(test_reference, reset_failures),	  cmocka_unit_test_setup(test_missing_file, reset_failures),
		cmocka_unit_test_setup(test_shipped, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
