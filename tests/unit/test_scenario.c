/* scenario: reading, refusing with the right words, dumping, the reference of its keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "scenario/network.h"
#include "scenario/schema.h"
#include "scenario_cases.h"

static void test_defaults(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "name", "\"t\"" },
		{ "question", "null" },
		{ "isolation", "\"auto\"" },
		{ "memory", "\"none\"" },
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
		{ "memory: lots\n",
		  "t.yaml:1: 'memory': 'lots' is not a size (such as 256MiB, 256Mi, 618MB or 327680)" },
		{ "memory: 0\n", "t.yaml:1: 'memory': '0' is no limit: that is written none" },
		{ "memory: 0MiB\n", "t.yaml:1: 'memory': '0MiB' is no limit: that is written none" },
		{ "memory: ~\n", "t.yaml:1: 'memory': '~' is no limit: that is written none" },
		{ "memory_high: null\n", "t.yaml:1: 'memory_high': 'null' is no limit: that is written none" },
		{ "memory: -1\n", "t.yaml:1: 'memory': '-1' is not a size (such as 256MiB, 256Mi, 618MB or 327680)" },
		{ "memory: 65TiB\n", "t.yaml:1: 'memory': '65TiB' is outside 0 B to 64 TiB" },
		{ "memory: [1, 2]\n",
		  "t.yaml:1: 'memory': expected a size (such as 256MiB, 256Mi, 618MB or 327680), found a list" },
		{ "memory:\nruns: 1\n",
		  "t.yaml:1: 'memory': expected a size (such as 256MiB, 256Mi, 618MB or 327680), found nothing" },
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
		  "t.yaml:3: 'expect': unknown cause of 'grew' 'pagecache' (known: leak, kept, peak, page-cache); "
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
		  "t.yaml:2: 'load.1.size': 'big' is not a size (such as 256MiB, 256Mi, 618MB or 327680)" },
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
		fail_msg("docs/scenarios.md does not hold the current output of 'oomrig list --markdown'");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_defaults, reset_failures),
		cmocka_unit_test_setup(test_values, reset_failures),
		cmocka_unit_test_setup(test_refused, reset_failures),
		cmocka_unit_test_setup(test_network, reset_failures),
		cmocka_unit_test_setup(test_dump_reads_back, reset_failures),
		cmocka_unit_test_setup(test_reference, reset_failures),
		cmocka_unit_test_setup(test_missing_file, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
