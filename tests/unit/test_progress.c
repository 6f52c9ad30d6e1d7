/*
 * test_progress - the live display: plain lines where it is no terminal, and on
 * a pseudo terminal frames that stay inside it and are taken back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "report/page.h"
#include "report/progress.h"

#define MARK '\001'

static const struct progress_bar bars[] = {
	{ .name = "tabs", .done_bytes = 549 << 20, .expected_bytes = 1854000000, .expected = 3, .in_flight = 3 },
	{ .name = "throttled-clients", .done_bytes = 3 << 20, .done = 4, .in_flight = 2, .failed = 1 },
};
static const struct progress_memory memory = {
	{ FACT_KNOWN, 256 << 20 }, { FACT_KNOWN, 133 << 20 }, { FACT_KNOWN, 53 << 20 }, { FACT_UNREADABLE, 0 }
};

static void test_plain_lines(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct progress_options options = { .out = out, .title = "three" };
	struct progress *p = progress_new(&options);
	progress_phase(p, "ready", 0);
	progress_phase(p, "load", NS_PER_S / 10);
	for (uint64_t ms = 100; ms <= 4500; ms += 100) /* as the loop calls it: ten times a second */
		progress_update(p, ms * NS_PER_MS, bars, 2, &memory);
	progress_phase(p, "settle", 4600 * NS_PER_MS);
	progress_free(p);
	fclose(out);
	assert_string_equal(text, "three: ready 0.00 s\n"
				  "three: load 0.10 s\n"
				  "three: load 2.10 s; tabs 31 %, 549 MiB of 1.73 GiB, 0/3 done, 3 open;\n"
				  "throttled-clients 1 failed, 3 MiB, 4 done, 2 open; "
				  "memory 133 of 256 MiB: 53\nunreclaimable, ? cache\n"
				  "three: load 4.10 s; tabs 31 %, 549 MiB of 1.73 GiB, 0/3 done, 3 open;\n"
				  "throttled-clients 1 failed, 3 MiB, 4 done, 2 open; "
				  "memory 133 of 256 MiB: 53\nunreclaimable, ? cache\n"
				  "three: settle 4.60 s\n");
	free(text);
}

static void test_quiet(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct progress_options options = { .out = out, .quiet = true, .title = "three" };
	struct progress *p = progress_new(&options);
	progress_phase(p, "load", 0);
	progress_update(p, 9 * NS_PER_S, bars, 2, &memory);
	progress_free(p);
	fclose(out);
	assert_string_equal(text, "");
	free(text);
}

struct terminal {
	int master;
	FILE *out;
};

static void terminal_open(struct terminal *t, unsigned short columns)
{
	struct winsize size = { .ws_col = columns, .ws_row = 24 };
	int slave;
	assert_int_equal(openpty(&t->master, &slave, NULL, NULL, &size), 0);
	t->out = fdopen(slave, "w");
	assert_non_null(t->out);
}

/* What has been written since the last call, up to a mark of our own: the kernel passes it on in its own time. */
static void terminal_take(struct terminal *t, char *out, size_t max)
{
	size_t len = 0;
	fputc(MARK, t->out);
	fflush(t->out);
	do {
		struct pollfd p = { .fd = t->master, .events = POLLIN };
		assert_int_equal(poll(&p, 1, 5000), 1);
		ssize_t n = read(t->master, out + len, max - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
		assert_true(len < max - 1);
	} while (out[len - 1] != MARK);
	out[len - 1] = '\0';
}

static void terminal_close(struct terminal *t)
{
	fclose(t->out);
	close(t->master);
}

static void test_frames(void **state)
{
	(void)state;
	static const unsigned short widths[] = { 12, 30, 60, 80, 200 };
	for (size_t i = 0; i < COUNT(widths); i++) {
		struct terminal t;
		char text[4096];
		terminal_open(&t, widths[i]);
		struct progress_options options = { .out = t.out, .title = "three" };
		struct progress *p = progress_new(&options);
		progress_phase(p, "load", 0);
		progress_update(p, 10 * NS_PER_MS, bars, 2, &memory);
		terminal_take(&t, text, sizeof(text));
		int lines = 0;
		for (char *line = strtok(text, "\r\n"); line != NULL; line = strtok(NULL, "\r\n"), lines++)
			if (text_columns(line) >= widths[i]) /* the last column would make it wrap */
				fail_msg("at %u columns: \"%s\"", widths[i], line);
		assert_int_equal(lines, 4);

		progress_update(p, 50 * NS_PER_MS, bars, 2, &memory); /* too early to draw again */
		terminal_take(&t, text, sizeof(text));
		assert_string_equal(text, "");
		progress_update(p, 110 * NS_PER_MS, bars, 2, &memory);
		terminal_take(&t, text, sizeof(text));
		assert_memory_equal(text, "\r\033[4A\033[J", 8);
		progress_free(p);
		terminal_take(&t, text, sizeof(text));
		assert_string_equal(text, "\r\033[4A\033[J"); /* gone, and nothing left behind */
		terminal_close(&t);
	}
}

static void test_terminal_that_shrinks(void **state)
{
	(void)state;
	struct terminal t;
	char text[4096];
	terminal_open(&t, 80);
	struct progress_options options = { .out = t.out, .title = "three" };
	struct progress *p = progress_new(&options);
	progress_update(p, 10 * NS_PER_MS, bars, 2, &memory);
	terminal_take(&t, text, sizeof(text));
	int rows = 0;
	for (char *line = strtok(text, "\r\n"); line != NULL; line = strtok(NULL, "\r\n"))
		rows += (text_columns(line) + 39) / 40;
	assert_true(rows > 4);

	struct winsize size = { .ws_col = 40, .ws_row = 24 };
	assert_int_equal(ioctl(t.master, TIOCSWINSZ, &size), 0);
	progress_free(p);
	terminal_take(&t, text, sizeof(text));
	char expected[32];
	snprintf(expected, sizeof(expected), "\r\033[%dA\033[J", rows);
	assert_string_equal(text, expected);
	terminal_close(&t);
}

static void test_message_does_not_tear_it(void **state)
{
	(void)state;
	struct terminal t;
	char text[4096];
	terminal_open(&t, 80);
	struct progress_options options = { .out = t.out, .title = "three" };
	struct progress *p = progress_new(&options);
	progress_update(p, 10 * NS_PER_MS, bars, 2, &memory);
	terminal_take(&t, text, sizeof(text));
	log_warning("said by test_progress.c");
	terminal_take(&t, text, sizeof(text));
	assert_string_equal(text, "\r\033[4A\033[J");
	progress_update(p, 120 * NS_PER_MS, bars, 2, &memory); /* drawn below the message, nothing erased */
	terminal_take(&t, text, sizeof(text));
	assert_memory_equal(text, "three", 5);
	progress_free(p);
	terminal_close(&t);
}

int main(void)
{
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_lines),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_terminal_that_shrinks),
		cmocka_unit_test(test_message_does_not_tear_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
