/* scenario: values set over those of the file, by --set and by a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario_cases.h"

static void test_set(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{ "memory=512MiB", "memory", "536870912" },
		{ "memory=none", "memory", "\"none\"" },
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
		{ "memory=0", "--set memory=0: '0' is no limit: that is written none" },
		{ "memory=big", "--set memory=big: 'big' is not a size (such as 256MiB, 256Mi, 618MB or 327680)" },
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

/* An option that stands for one key is named as it was typed. */
static void test_set_key(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{ "memory", "banana", "'banana' is not a size (such as 256MiB, 256Mi, 618MB or 327680)" },
		{ "memory", "0", "'0' is no limit: that is written none" },
		{ "expect", "steady,grown",
		  "unknown outcome 'grown' (known: crashed, stalled, grew, steady, invalid); did you mean 'grew'?" },
	};
	struct scenario s;
	struct error err = ERROR_INIT;
	assert_int_equal(parse(&s, runnable, &err), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_figure(rows[i][1], scenario_set_key(&s, rows[i][0], rows[i][1], &err) == -1, 1);
		expect_text(rows[i][1], err.message, rows[i][2]);
		expect_figure(rows[i][1], err.code, ERROR_USAGE);
	}
	assert_int_equal(scenario_set_key(&s, "memory", "1Gi", &err), 0);
	expect_dumped(&s, "memory", "1073741824");
	scenario_release(&s);
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
	expect_dumped(&s, "server.command", "[\"my\\\\xff\",\"server\"]");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_set, reset_failures),
		cmocka_unit_test_setup(test_set_refused, reset_failures),
		cmocka_unit_test_setup(test_set_key, reset_failures),
		cmocka_unit_test_setup(test_set_command, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
