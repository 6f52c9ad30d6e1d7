/* report: lines broken, bars drawn, figures written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "report/figures.h"
#include "report/page.h"

static void test_text_break(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int columns;
		size_t expected;
	} rows[] = {
		{ "", 5, 1 },		{ "abc", 5, 3 },      { "abc def", 5, 3 },
		{ "abcde fgh", 5, 5 },	{ "abcdefgh", 5, 5 }, { "crashed/oom-kill", 14, 8 },
		{ "oom-kill x", 6, 4 }, { "é→é→ab", 4, 10 },  { "a\nb", 5, 1 },
		{ "a b-c-d", 5, 1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t got = text_break(rows[i].text, rows[i].columns);
		if (got != rows[i].expected)
			fail_msg("\"%s\" at %d: got %zu, expected %zu", rows[i].text, rows[i].columns, got,
				 rows[i].expected);
	}
}

static void test_bar(void **state)
{
	(void)state;
	const struct {
		uint64_t anon, file, scale;
		const char *expected;
	} rows[] = {
		{ 0, 0, 100, ".........." },   { 50, 20, 100, "#####==..." }, { 100, 0, 100, "##########" },
		{ 4, 0, 100, ".........." },   { 5, 0, 100, "#........." },   { 90, 90, 100, "#########=" },
		{ 500, 0, 100, "##########" }, { 5, 5, 0, ".........." },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page p = { .text = BUF_INIT, .width = 80 };
		const struct bar_part parts[] = { { GLYPH_ANON, INK_BAD, rows[i].anon },
						  { GLYPH_CACHE, INK_GOOD, rows[i].file } };
		page_bar(&p, parts, 2, rows[i].scale, 10);
		assert_string_equal(buf_str(&p.text), rows[i].expected);
		page_release(&p);
	}
}

static void test_figures(void **state)
{
	(void)state;
	const struct {
		uint64_t first, second;
		const char *expected;
	} rows[] = {
		{ 225 << 20, 231 << 20, "225-231 MiB" },
		{ 5 << 20, 5 << 20, "5 MiB" },
		{ 512 << 10, 2 << 20, "512 KiB-2 MiB" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = BUF_INIT;
		figure_pair(&b, rows[i].first, rows[i].second, "-", figure_size);
		assert_string_equal(buf_str(&b), rows[i].expected);
		buf_release(&b);
	}
	char text[UNITS_TEXT_MAX];
	assert_string_equal(figure_size(FACT_NONE, text), "-");
	assert_string_equal(figure_size(FACT_BROKEN, text), "?");
	assert_string_equal(figure_size(fact_of(0), text), "0 B");
	struct buf b = BUF_INIT;
	figure_pair(&b, 61 * NS_PER_S * 3, 65 * NS_PER_S * 3, "-", figure_duration);
	assert_string_equal(buf_str(&b), "3 min 3 s-3 min 15 s");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_break),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
