/* base: units, nearest, options, buf, error, clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fact.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "base/options.h"
#include "base/units.h"
#include "expect.h"

struct figure_row {
	int (*parse)(const char *, uint64_t *, struct error *);
	const char *text;
	uint64_t expected;
};

static void test_units_parse(void **state)
{
	(void)state;
	static const struct figure_row rows[] = {
		{ units_parse_size, "0", 0 },
		{ units_parse_size, "327680", 327680 },
		{ units_parse_size, "256MiB", 268435456 },
		{ units_parse_size, "256Mi", 268435456 },
		{ units_parse_size, "512Ki", 524288 },
		{ units_parse_size, "1Gi", 1073741824 },
		{ units_parse_size, "2Ti", 2199023255552 },
		{ units_parse_size, "256m", 268435456 },
		{ units_parse_size, "256mb", 256000000 },
		{ units_parse_size, "256MB", 256000000 },
		{ units_parse_size, "256 mib", 268435456 },
		{ units_parse_size, "1.5GiB", 1610612736 },
		{ units_parse_size, "618MB", 618000000 },
		{ units_parse_size, "4k", 4096 },
		{ units_parse_size, "4kB", 4000 },
		{ units_parse_size, "64TiB", 70368744177664 },
		/* As Kubernetes writes them, and the letters alone. */
		{ units_parse_size, "512Ki", 524288 },
		{ units_parse_size, "256Mi", 268435456 },
		{ units_parse_size, "1Gi", 1073741824 },
		{ units_parse_size, "2Ti", 2199023255552 },
		{ units_parse_size, "2T", 2199023255552 },
		{ units_parse_size, "256m", 268435456 },
		{ units_parse_size, "256mb", 256000000 },
		{ units_parse_rate, "2Mbit/s", 250000 },
		{ units_parse_rate, "400kbit/s", 50000 },
		{ units_parse_rate, "1MB/s", 1000000 },
		{ units_parse_rate, "512KiB/s", 524288 },
		{ units_parse_rate, "10B/s", 10 },
		{ units_parse_duration, "500ms", 500 * NS_PER_MS },
		{ units_parse_duration, "30s", 30 * NS_PER_S },
		{ units_parse_duration, "1h30m", 5400 * NS_PER_S },
		{ units_parse_duration, "1h 30min", 5400 * NS_PER_S },
		{ units_parse_duration, "2.5s", 2500 * NS_PER_MS },
		{ units_parse_duration, "250us", 250 * NS_PER_US },
		{ units_parse_duration, "7ns", 7 },
		{ units_parse_duration, "0", 0 },
		{ units_parse_count, "3", 3 },
		{ units_parse_count, "10k", 10000 },
		{ units_parse_count, "1.5k", 1500 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t got = 12345;
		struct error err = ERROR_INIT;
		if (rows[i].parse(rows[i].text, &got, &err) != 0)
			expect_text(rows[i].text, err.message, "accepted");
		expect_figure(rows[i].text, got, rows[i].expected);
	}
	assert_int_equal(failures, 0);
}

static void test_units_refuse(void **state)
{
	(void)state;
	static const char size[] = "a size (such as 256MiB, 256Mi, 618MB or 327680)";
	static const char rate[] = "a rate (such as 2Mbit/s, 400kbit/s or 1MB/s)";
	static const char duration[] = "a duration (such as 500ms, 30s or 1h30m)";
	static const char count[] = "a whole number (such as 3 or 10k)";
	static const struct {
		int (*parse)(const char *, uint64_t *, struct error *);
		const char *text;
		const char *expected; /* after "'TEXT' is not "; NULL: "'TEXT' is too large" */
	} rows[] = {
		{ units_parse_size, "", size },
		{ units_parse_size, "MiB", size },
		{ units_parse_size, "-1", size },
		{ units_parse_size, "+1", size },
		{ units_parse_size, "0x10", size },
		{ units_parse_size, "1e6", size },
		{ units_parse_size, "inf", size },
		{ units_parse_size, "1.2.3", size },
		{ units_parse_size, "12 bananas", size },
		{ units_parse_size, "1MiB x", size },
		{ units_parse_size, " 1", size },
		{ units_parse_size, "1ib", size },
		{ units_parse_size, "1Pi", size },
		{ units_parse_size, "8388608TiB", NULL },
		{ units_parse_rate, "5", rate },
		{ units_parse_rate, "5Mbit", rate },
		{ units_parse_duration, "5", duration },
		{ units_parse_duration, "5 parsecs", duration },
		{ units_parse_duration, "1h-30m", duration },
		{ units_parse_duration, "9999999h", NULL },
		{ units_parse_count, "1.5", count },
		{ units_parse_count, "three", count },
		{ units_parse_count, "10000000000M", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t got = 12345;
		struct error err = ERROR_INIT;
		expect_figure(rows[i].text, rows[i].parse(rows[i].text, &got, &err) == -1, 1);
		expect_figure(rows[i].text, err.code, ERROR_INPUT);
		expect_figure("untouched", got, 12345);
		char *expected = rows[i].expected == NULL ? xasprintf("'%s' is too large", rows[i].text)
							  : xasprintf("'%s' is not %s", rows[i].text, rows[i].expected);
		expect_text(rows[i].text, err.message, expected);
		free(expected);
	}
	assert_int_equal(failures, 0);
}

static void test_units_format(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		const char *expected;
	} sizes[] = {
		{ 0, "0 B" },
		{ 17, "17 B" },
		{ 1023, "1023 B" },
		{ 1024, "1 KiB" },
		{ 319488, "312 KiB" },
		{ 268435456, "256 MiB" },
		{ 1610612736, "1.50 GiB" },
		{ 618000000, "589 MiB" },
		{ 16000000, "15.3 MiB" },
		{ 1048575, "1.00 MiB" },
		{ 70368744177664, "64 TiB" },
	};
	static const struct {
		uint64_t ns;
		const char *expected;
	} durations[] = {
		{ 0, "0 us" },
		{ 250 * NS_PER_US, "250 us" },
		{ 45 * NS_PER_MS, "45 ms" },
		{ 310 * NS_PER_MS, "0.31 s" },
		{ 12500 * NS_PER_MS, "12.5 s" },
		{ 125 * NS_PER_S, "2 min 5 s" },
		{ 3 * 3600 * NS_PER_S + 59 * NS_PER_S, "3 h 0 min" },
	};
	char text[UNITS_TEXT_MAX];
	for (size_t i = 0; i < COUNT(sizes); i++)
		expect_text("size", units_format_size(sizes[i].bytes, text), sizes[i].expected);
	for (size_t i = 0; i < COUNT(durations); i++)
		expect_text("duration", units_format_duration(durations[i].ns, text), durations[i].expected);
	expect_text("rate", units_format_rate(1500000, text), "1.50 MB/s");
	expect_text("rate", units_format_rate(84375, text), "84.4 kB/s");
	expect_text("rate", units_format_rate(0, text), "0.00 B/s");
	assert_int_equal(failures, 0);
}

static void test_nearest(void **state)
{
	(void)state;
	static const char *const known[] = { "memory", "swap", "settle", "baseline", "network_namespace" };
	static const char *const rows[][2] = {
		{ "memory", "memory" },
		{ "memroy", "memory" },
		{ "MEMORY", "memory" },
		{ "mem", "" },
		{ "swp", "swap" },
		{ "setle", "settle" },
		{ "x", "" },
		{ "", "" },
		{ "banana", "" },
		{ "baselines", "baseline" },
		{ "network-namespace", "network_namespace" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nearest n;
		nearest_init(&n, rows[i][0]);
		for (size_t k = 0; k < COUNT(known); k++)
			nearest_offer(&n, known[k]);
		expect_text(rows[i][0], n.best == NULL ? "" : n.best, rows[i][1]);
	}
	static const char *const nothing_in_common[][2] = { { "x", "" }, { "x", "y" }, { "", "y" }, { "xy", "ab" } };
	for (size_t i = 0; i < COUNT(nothing_in_common); i++) {
		struct nearest none;
		nearest_init(&none, nothing_in_common[i][0]);
		nearest_offer(&none, nothing_in_common[i][1]);
		expect_text(nothing_in_common[i][0], none.best == NULL ? "none" : none.best, "none");
	}
	char longer[200];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	struct nearest n;
	nearest_init(&n, longer);
	nearest_offer(&n, longer);
	assert_null(n.best); /* too long to compare: no guess, no overrun */
	assert_int_equal(failures, 0);
}

struct settings {
	bool verbose;
	const char *label;
	const char *colour;
	uint64_t runs, memory, rate, wait;
	struct option_list set;
};

static const char *const colours[] = { "auto", "never", NULL };

static const struct option_row option_rows[] = {
	{ .name = "heading", .type = OPTION_HEADING, .help = "Options" },
	{ .name = "verbose",
	  .letter = 'v',
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct settings, verbose),
	  .help = "" },
	{ .name = "label",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct settings, label),
	  .argument = "NAME",
	  .help = "" },
	{ .name = "colour",
	  .type = OPTION_CHOICE,
	  .offset = offsetof(struct settings, colour),
	  .argument = "WHEN",
	  .default_text = "auto",
	  .choices = colours,
	  .help = "" },
	{ .name = "runs",
	  .letter = 'n',
	  .type = OPTION_COUNT,
	  .offset = offsetof(struct settings, runs),
	  .argument = "N",
	  .default_text = "1",
	  .min = 1,
	  .max = 100,
	  .help = "" },
	{ .name = "memory",
	  .type = OPTION_SIZE,
	  .offset = offsetof(struct settings, memory),
	  .argument = "SIZE",
	  .help = "" },
	{ .name = "rate",
	  .type = OPTION_RATE,
	  .offset = offsetof(struct settings, rate),
	  .argument = "RATE",
	  .help = "" },
	{ .name = "wait",
	  .type = OPTION_DURATION,
	  .offset = offsetof(struct settings, wait),
	  .argument = "TIME",
	  .help = "" },
	{ .name = "set",
	  .type = OPTION_LIST,
	  .offset = offsetof(struct settings, set),
	  .argument = "KEY=VALUE",
	  .help = "" },
	{ .name = NULL },
};

/* Parses a command line given as words separated by blanks; words must outlive the result. */
static int parse_line(char *line, char *words[32], struct settings *settings, struct options_result *result,
		      struct error *err)
{
	int argc = 0;
	words[argc++] = line;
	for (char *word = strtok(line, " "); word != NULL && argc < 31; word = strtok(NULL, " "))
		words[argc++] = word;
	words[argc] = NULL;
	memset(settings, 0, sizeof(*settings));
	assert_int_equal(options_defaults(option_rows, settings, err), 0);
	return options_parse(option_rows, argc, words, settings, result, err);
}

static void test_options(void **state)
{
	(void)state;
	char line[] = "one -v --label=x --runs 7 two --memory 1MiB --rate=1MB/s --wait 2s --set a=1 --set b=2 "
		      "--colour never -- --not mine";
	char *words[32];
	struct settings s;
	struct options_result r;
	struct error err = ERROR_INIT;
	if (parse_line(line, words, &s, &r, &err) != 0)
		fail_msg("%s", err.message);
	expect_figure("verbose", s.verbose, true);
	expect_text("label", s.label, "x");
	expect_text("colour", s.colour, "never");
	expect_figure("runs", s.runs, 7);
	expect_figure("memory", s.memory, 1048576);
	expect_figure("rate", s.rate, 1000000);
	expect_figure("wait", s.wait, 2 * NS_PER_S);
	expect_figure("set", s.set.count, 2);
	expect_text("set", s.set.items[1], "b=2");
	expect_figure("operands", r.operand_count, 2);
	expect_text("operand", r.operands[0], "one");
	expect_text("operand", r.operands[1], "two");
	assert_null(r.operands[2]);
	expect_text("rest", r.rest[0], "--not");
	options_release(option_rows, &s);

	char joined[] = "-vn7 -vh --bogus";
	assert_int_equal(parse_line(joined, words, &s, &r, &err), 0);
	expect_figure("joined", s.verbose, true);
	expect_figure("joined", s.runs, 7);
	expect_figure("joined", (uint64_t)r.help, 1);

	char none[] = "";
	assert_int_equal(parse_line(none, words, &s, &r, &err), 0);
	expect_text("default", s.colour, "auto");
	expect_figure("default", s.runs, 1);
	assert_null(s.label);
	assert_null(r.rest);
	char dashes[] = "--";
	assert_int_equal(parse_line(dashes, words, &s, &r, &err), 0);
	assert_non_null(r.rest); /* "--" with nothing behind it is not the same as no "--" */
	assert_null(r.rest[0]);
	char help[] = "-h --bogus";
	assert_int_equal(parse_line(help, words, &s, &r, &err), 0); /* nothing behind it is looked at */
	expect_figure("help", (uint64_t)r.help, 1);
	assert_int_equal(failures, 0);
}

static void test_options_refused(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "--rnus 3", "unknown option '--rnus'; did you mean '--runs'?" },
		{ "--rnus=3", "unknown option '--rnus'; did you mean '--runs'?" },
		{ "--zzzzzzz", "unknown option '--zzzzzzz'" },
		{ "-x", "unknown option '-x'" },
		{ "--heading", "unknown option '--heading'" },
		{ "--runs", "--runs needs a value (N)" },
		{ "--runs 0", "--runs: '0' is outside 1 to 100" },
		{ "-n101", "-n: '101' is outside 1 to 100" },
		{ "-vn x", "-n: 'x' is not a whole number (such as 3 or 10k)" },
		{ "-vn", "-n needs a value (N)" },
		{ "-vx", "unknown option '-x'" },
		{ "-v=yes", "-v takes no value" },
		{ "--runs many", "--runs: 'many' is not a whole number (such as 3 or 10k)" },
		{ "--memory lots", "--memory: 'lots' is not a size (such as 256MiB, 256Mi, 618MB or 327680)" },
		{ "--verbose=yes", "--verbose takes no value" },
		{ "--colour nevr", "--colour: unknown value 'nevr' (known: auto, never); did you mean 'never'?" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[64], *words[32];
		struct settings s;
		struct options_result r;
		struct error err = ERROR_INIT;
		snprintf(line, sizeof(line), "%s", rows[i][0]);
		expect_figure(rows[i][0], parse_line(line, words, &s, &r, &err) == -1, 1);
		expect_figure(rows[i][0], err.code, ERROR_USAGE);
		expect_text(rows[i][0], err.message, rows[i][1]);
		options_release(option_rows, &s);
	}
	assert_int_equal(failures, 0);
}

static void test_options_bad_default(void **state)
{
	(void)state;
	static const struct option_row rows[] = {
		{ .name = "runs", .type = OPTION_COUNT, .offset = 0, .default_text = "several", .help = "" },
		{ .name = NULL },
	};
	uint64_t settings = 0;
	struct error err = ERROR_INIT;
	assert_int_equal(options_defaults(rows, &settings, &err), -1);
	assert_int_equal(err.code, ERROR_BUG);
}

static void test_buf(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	assert_string_equal(b.data, "");
	buf_clear(&b);
	assert_string_equal(b.data, "");
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i);
	assert_int_equal(b.len, 3890); /* 10*2 + 90*3 + 900*4 */
	assert_int_equal(b.data[b.len], '\0');
	assert_memory_equal(b.data, "0,1,2,", 6);
	assert_memory_equal(b.data + b.len - 8, "998,999,", 8);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, "a\0b", 3);
	buf_addc(&b, 'c');
	buf_adds(&b, "");
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0bc", 5);
	char *s = buf_detach(&b);
	assert_memory_equal(s, "a\0bc", 5);
	free(s);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	s = buf_detach(&b);
	assert_string_equal(s, "");
	free(s);
	buf_release(&b);
	assert_string_equal(b.data, "");
	buf_adds(&b, "again");
	assert_string_equal(b.data, "again");
	buf_release(&b);
	buf_release(&b);
	s = xasprintf("%s-%d", "x", 7);
	assert_string_equal(s, "x-7");
	free(s);
}

static void test_error(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	assert_int_equal(error_set_errno(&err, ERROR_SYSTEM, ENOENT, "cannot open '%s'", "x"), -1);
	assert_int_equal(error_prefix(&err, "group '%d'", 3), -1);
	assert_string_equal(err.message, "group '3': cannot open 'x': No such file or directory");
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(error_set(NULL, ERROR_BUG, "nobody listens"), -1);
	assert_int_equal(error_prefix(NULL, "nobody listens"), -1);

	char longer[3000];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	error_set_errno(&err, ERROR_INPUT, EIO, "%s", longer);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	error_prefix(&err, "short");
	assert_memory_equal(err.message, "short: aaa", 10);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
}

static void test_clock(void **state)
{
	(void)state;
	char text[CLOCK_RFC3339_MAX];
	clock_rfc3339(0, text);
	expect_text("epoch", text, "1970-01-01T00:00:00.000Z");
	clock_rfc3339(1795261479120 * NS_PER_MS, text);
	expect_text("later", text, "2026-11-21T11:44:39.120Z");
	uint64_t before = clock_ns();
	assert_true(clock_ns() >= before);
	assert_int_equal(failures, 0);
}

static void test_fact(void **state)
{
	(void)state;
	expect_figure("1 + 2", fact_add(fact_of(1), fact_of(2)).value, 3);
	expect_figure("1 + absent", fact_add(fact_of(1), FACT_NONE).value, 1);
	expect_figure("absent + absent", fact_add(FACT_NONE, FACT_NONE).state, FACT_ABSENT);
	expect_figure("1 + unreadable", fact_add(fact_of(1), FACT_BROKEN).state, FACT_UNREADABLE);
	expect_figure("unreadable + absent", fact_add(FACT_BROKEN, FACT_NONE).state, FACT_UNREADABLE);
	expect_figure("max(1, 2)", fact_max(fact_of(1), fact_of(2)).value, 2);
	expect_figure("max(1, unreadable)", fact_max(fact_of(1), FACT_BROKEN).value, 1);
	expect_figure("max(absent, unreadable)", fact_max(FACT_NONE, FACT_BROKEN).state, FACT_UNREADABLE);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_units_parse, reset_failures),
		cmocka_unit_test_setup(test_units_refuse, reset_failures),
		cmocka_unit_test_setup(test_units_format, reset_failures),
		cmocka_unit_test_setup(test_nearest, reset_failures),
		cmocka_unit_test_setup(test_options, reset_failures),
		cmocka_unit_test_setup(test_options_refused, reset_failures),
		cmocka_unit_test_setup(test_options_bad_default, reset_failures),
		cmocka_unit_test_setup(test_buf, reset_failures),
		cmocka_unit_test_setup(test_error, reset_failures),
		cmocka_unit_test_setup(test_clock, reset_failures),
		cmocka_unit_test_setup(test_fact, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
