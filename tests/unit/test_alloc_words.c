/* run/alloc_words.c: what programs print when an allocation has failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/alloc_words.h"

/* In pieces of that many bytes. */
static void find(const char *log, size_t len, size_t piece, char *out, size_t size)
{
	struct alloc_words a;
	alloc_words_init(&a);
	for (size_t at = 0; at < len; at += piece)
		alloc_words_feed(&a, log + at, len - at < piece ? len - at : piece);
	alloc_words_last(&a, out, size);
	alloc_words_release(&a);
}

static void test_words_of_runtimes(void **state)
{
	static const struct {
		const char *line;
		int speaks;
	} rows[] = {
		{ "chunkserver: cannot allocate 67108864 bytes", 1 },
		{ "fork: Cannot allocate memory", 1 },
		{ "fatal error: runtime: out of memory", 1 },
		{ "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", 1 },
		{ "memory allocation of 8388608 bytes failed", 1 },
		{ "terminate called after throwing an instance of 'std::bad_alloc'", 1 },
		{ "java.lang.OutOfMemoryError: Java heap space", 1 },
		{ "MemoryError", 1 },
		{ "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array", 1 },
		{ "server.rb:3:in `*': failed to allocate memory (NoMemoryError)", 1 },
		{ "eheap_alloc: Cannot allocate 1318267840 bytes of memory (of type \"heap\").", 1 },
		{ "Unhandled exception. System.OutOfMemoryException: Array dimensions exceeded supported range.", 1 },
		{ "Fatal error: exception Out_of_memory", 1 },
		{ "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480)", 1 },
		{ "OUT OF MEMORY", 1 },
		{ "listening on port 8080", 0 },
		{ "failed to allocate port 8080", 0 },
		{ "memory: 64 MiB", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[512] = "";
		find(rows[i].line, strlen(rows[i].line), 3, out, sizeof(out));
		if (strcmp(out, rows[i].speaks ? rows[i].line : "") != 0)
			fail_msg("'%s': got '%s'", rows[i].line, out);
	}
}

static void test_the_last_such_line(void **state)
{
	static const char log[] =
		"start\nout of memory, evicting\nbinary\0junk\nstd::bad_\0alloc\nMemoryError: b\0c\nbye";
	char out[512] = "", cut[8] = "";

	(void)state;
	find(log, sizeof(log) - 1, 1, out, sizeof(out));
	assert_string_equal(out, "MemoryError: b?c");
	find(log, sizeof(log) - 1, sizeof(log), cut, sizeof(cut));
	assert_string_equal(cut, "MemoryE");
	find("", 0, 1, out, sizeof(out));
	assert_string_equal(out, "MemoryError: b?c");
}

/* No newline at all, words across the border of two parts: found, shown with what is around them, in flat memory. */
static void test_endless_lines(void **state)
{
	static char log[3 * ALLOC_WORDS_LINE_MAX];
	static const char said[] = "<std::bad_alloc>";

	(void)state;
	for (size_t at = 0; at + sizeof(said) < sizeof(log); at += 509) {
		char out[512] = "";
		memset(log, 'x', sizeof(log));
		memcpy(log + at, said, sizeof(said) - 1);
		find(log, sizeof(log), 1000, out, sizeof(out));
		if (strstr(out, said) == NULL)
			fail_msg("at %zu: got '%s'", at, out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_runtimes),
		cmocka_unit_test(test_the_last_such_line),
		cmocka_unit_test(test_endless_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
