/* target/relay: what of a server's log is kept, and that writing it never waits. */
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
#include "base/fs.h"
#include "base/mask.h"
#include "target/relay.h"

static char path[] = "/tmp/oomrig-relay-XXXXXX";
static size_t pieces_bytes;

static void on_piece(void *arg, const char *data, size_t len)
{
	(void)arg;
	(void)data;
	pieces_bytes += len;
}

static struct relay *start(const char *await)
{
	struct error err = ERROR_INIT;
	struct relay *r;
	struct relay_options options = { .path = path, .await = await, .piece = on_piece };
	pieces_bytes = 0;
	unlink(path);
	if (relay_start(&r, &options, &err) != 0)
		fail_msg("%s", err.message);
	return r;
}

static void print(const struct relay *r, const void *data, size_t len)
{
	for (const char *at = data; len > 0;) {
		ssize_t n = write(relay_fd(r), at, len);
		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

static void expect_file(const char *expected, size_t len)
{
	struct buf text = BUF_INIT;
	assert_int_equal(fs_read_file(path, &text, NULL), 0);
	assert_int_equal(text.len, len);
	assert_memory_equal(buf_str(&text), expected, len);
	buf_release(&text);
}

static void test_kept_as_it_comes(void **state)
{
	struct relay_totals totals;
	struct relay *r = start("now re");
	(void)state;
	print(r, "a\0b\n\xff no end", 12);
	relay_settle(r, &totals);
	expect_file("a\0b\n\xff no end", 12);
	assert_int_equal(totals.bytes, 12);
	assert_int_equal(totals.dropped_bytes, 0);
	assert_int_equal(pieces_bytes, 12);
	assert_false(relay_found(r));
	print(r, " now ", 5);
	relay_settle(r, &totals);
	print(r, "ready", 5);
	relay_settle(r, &totals);
	assert_true(relay_found(r));
	relay_new_life(r, "again\n");
	relay_settle(r, &totals);
	assert_false(relay_found(r));
	relay_stop(r);
	expect_file("a\0b\n\xff no end now readyagain\n", 28);
}

/* Secrets that come in two pieces, and one that only began. */
static void test_masked(void **state)
{
	struct relay_totals totals;
	(void)state;
	mask_value("hunter22");
	struct relay *r = start(NULL);
	print(r, "<hunter22> <hun", 15);
	usleep(20000); /* so that the pieces are taken one by one, most of the time */
	print(r, "ter22> hunt", 11);
	relay_settle(r, &totals);
	relay_stop(r);
	mask_forget();
	expect_file("<***> <***> hunt", 16);
}

static void test_bounded(void **state)
{
	enum { BLOCK = 1 << 20, BLOCKS = 80 };
	char *block = malloc(BLOCK), note[128];
	struct relay_totals totals;
	struct buf text = BUF_INIT;
	struct relay *r = start(NULL);
	(void)state;
	for (int i = 0; i < BLOCKS; i++) {
		memset(block, 'A' + i % 26, BLOCK);
		print(r, block, BLOCK);
	}
	print(r, "the end\n", 8);
	relay_settle(r, &totals);
	size_t dropped = (size_t)BLOCK * BLOCKS + 8 - RELAY_HEAD_BYTES - RELAY_TAIL_BYTES;
	assert_int_equal(totals.bytes, (size_t)BLOCK * BLOCKS + 8);
	assert_int_equal(totals.dropped_bytes, dropped);
	assert_int_equal(pieces_bytes, totals.bytes);
	relay_stop(r);
	assert_int_equal(fs_read_file(path, &text, NULL), 0);
	int len = snprintf(note, sizeof(note), "\n---- oomrig: %zu bytes of its log are left out here ----\n", dropped);
	assert_int_equal(text.len, RELAY_HEAD_BYTES + (size_t)len + RELAY_TAIL_BYTES);
	assert_memory_equal(text.data + RELAY_HEAD_BYTES, note, len);
	assert_string_equal(text.data + text.len - 9, "Bthe end\n");
	buf_release(&text);
	free(block);
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_as_it_comes),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_bounded),
	};

	close(mkstemp(path));
	return cmocka_run_group_tests(tests, NULL, teardown);
}
