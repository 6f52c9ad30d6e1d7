/*
 * test_chart - exact pictures, small enough to be checked by eye.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "report/chart.h"

#include "expect.h"

#define COLUMNS 12

static const char *label(double value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%.0f", value);
	return out;
}

static struct chart chart_of(struct page *page)
{
	return (struct chart){ .page = page, .columns = COLUMNS, .span_ns = 12 * NS_PER_S };
}

static struct page page_of(bool utf8)
{
	return (struct page){ .text = BUF_INIT, .width = CHART_LABEL_COLUMNS + COLUMNS, .utf8 = utf8 };
}

static void check(struct page *page, const char *what, const char *expected)
{
	expect_text(what, buf_str(&page->text), expected);
	page_release(page);
}

/* Rises, swings and falls, page cache above; a gap, not to be drawn; a column whose lower figure is unreadable. */
static const double low[COLUMNS] = { 0, 1, 10, 20, 30, 10, 40, 40, 50, 0, 5, 5 };
static const double high[COLUMNS] = { 0, 1, 10, 20, 30, 30, 40, 40, 50, 0, 5, 5 };
static const double cache[COLUMNS] = { 0, 1, 10, 20, 30, 30, 40, 80, 50, 30, 25, 5 };
static const enum fact_state states[COLUMNS] = {
	FACT_KNOWN, FACT_KNOWN, FACT_KNOWN,  FACT_KNOWN,      FACT_KNOWN, FACT_KNOWN,
	FACT_KNOWN, FACT_KNOWN, FACT_ABSENT, FACT_UNREADABLE, FACT_KNOWN, FACT_KNOWN,
};
static const bool moments[COLUMNS] = { [7] = true };

static struct chart_panel panel_of(double scale, double limit)
{
	return (struct chart_panel){
		.rows = 4,
		.label_rows = 2,
		.scale = scale,
		.label = label,
		.layers = { { GLYPH_ANON, INK_BAD, true, low },
			    { GLYPH_RANGE_CELL, INK_BAD, false, high },
			    { GLYPH_CACHE, INK_GOOD, false, cache } },
		.layer_count = 3,
		.states = states,
		.limit = limit,
		.moments = moments,
	};
}

static void test_panel(void **state)
{
	(void)state;
	const struct {
		const char *what;
		bool utf8;
		double scale, limit;
		const char *expected;
	} rows[] = {
		{ "UTF-8, the limit on the top edge", true, 80, 80,
		  "       80┤────────────\n"
		  "         │       ▒\n"
		  "       40┤       ▒\n"
		  "         │    ▄│██ ▒\n"
		  "         │ ▁▄█████ ?▒▂\n"
		  "        0┤───────▲ ───\n" },
		{ "ASCII, no limit", false, 80, 0,
		  "       80+\n"
		  "         |       =\n"
		  "       40+       =\n"
		  "         |    #|## =\n"
		  "         | _###### ?=_\n"
		  "        0+-------^ ---\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page page = page_of(rows[i].utf8);
		struct chart c = chart_of(&page);
		struct chart_panel p = panel_of(rows[i].scale, rows[i].limit);
		chart_panel(&c, &p);
		check(&page, rows[i].what, rows[i].expected);
	}
	assert_int_equal(failures, 0);
}

/* A limit below what was used stays in the picture, behind the figures. */
static void test_limit_inside(void **state)
{
	(void)state;
	struct page page = page_of(false);
	struct chart c = chart_of(&page);
	struct chart_panel p = panel_of(80, 40);
	chart_panel(&c, &p);
	check(&page, "limit inside",
	      "       80+\n"
	      "         |       =\n"
	      "       40+-------=----\n"
	      "         |    #|## =\n"
	      "         | _###### ?=_\n"
	      "        0+-------^ ---\n");
	assert_int_equal(failures, 0);
}

static void test_phase_boundaries(void **state)
{
	(void)state;
	struct page page = page_of(false);
	struct chart c = chart_of(&page);
	c.phases[c.phase_count++] = (struct chart_phase){ "start", 0 };
	c.phases[c.phase_count++] = (struct chart_phase){ "load", 2 * NS_PER_S };
	c.phases[c.phase_count++] = (struct chart_phase){ "settle", 7 * NS_PER_S };
	c.phases[c.phase_count++] = (struct chart_phase){ "stop", 12 * NS_PER_S };
	struct chart_panel p = panel_of(80, 0);
	chart_panel(&c, &p);
	chart_axis(&c);
	check(&page, "phases",
	      "       80+  :    :   :\n"
	      "         |  :    =   :\n"
	      "       40+  :    =   :\n"
	      "         |  : #|## = :\n"
	      "         | _###### ?=_\n"
	      "        0+-------^ ---\n"
	      "          : :load:set:\n"
	      "          0 s\n");
	assert_int_equal(failures, 0);
}

static void test_times(void **state)
{
	(void)state;
	const struct {
		uint64_t span_ns;
		const char *expected;
	} rows[] = {
		{ 500 * NS_PER_MS, "          0 s             0.20 s          0.40 s\n" },
		{ 12 * NS_PER_S, "          0 s             5.00 s           10.0 s\n" },
		{ 90 * 60 * NS_PER_S, "          0 s          30 min 0 s   60 min 0 s\n" },
		{ 300 * 3600 * NS_PER_S, "          0 s        85 h 0 min 170 h 0 min\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page page = { .text = BUF_INIT, .width = 80 };
		struct chart c = { .page = &page, .columns = 40, .span_ns = rows[i].span_ns };
		chart_axis(&c);
		check(&page, "times", rows[i].expected);
	}
	assert_int_equal(failures, 0);
}

static void test_moments_stay_on_the_page(void **state)
{
	(void)state;
	const struct {
		uint64_t t_ns;
		const char *text, *expected;
	} rows[] = {
		{ 0, "oom", "          ^ oom\n" },
		{ 7 * NS_PER_S, "oom", "                 ^ oom\n" },
		{ 11 * NS_PER_S, "oom", "                 oom ^\n" },
		{ 99 * NS_PER_S, "killed by the kernel", "killed by the kernel ^\n" },
		{ 5 * NS_PER_S, "killed by the kernel", "^ killed by the kernel\n" },
		{ 5 * NS_PER_S, "it was killed by the kernel", "^ it was killed by the\n  kernel\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page page = page_of(false);
		struct chart c = chart_of(&page);
		chart_moment(&c, rows[i].t_ns, INK_BAD, rows[i].text);
		check(&page, "moment", rows[i].expected);
	}
	assert_int_equal(failures, 0);
}

static void test_round_up(void **state)
{
	(void)state;
	const struct {
		double value, base, expected;
	} rows[] = {
		{ 67, 2, 80 },	 { 99, 2, 128 },   { 64, 2, 64 },    { 65, 2, 80 },   { 1, 2, 1 },
		{ 4.01, 10, 5 }, { 197, 10, 200 }, { 201, 10, 300 }, { 90, 10, 100 }, { 10, 10, 10 },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_float_equal(chart_round_up(rows[i].value, rows[i].base), rows[i].expected, 1e-9);
}

/* Colour only adds: without its escapes the text is the same. */
static void test_colour_adds_nothing_else(void **state)
{
	(void)state;
	struct page plain = page_of(true), coloured = page_of(true);
	coloured.colour = true;
	struct chart a = chart_of(&plain), b = chart_of(&coloured);
	struct chart_panel p = panel_of(80, 80);
	chart_panel(&a, &p);
	chart_panel(&b, &p);
	assert_null(strchr(buf_str(&plain.text), '\033'));
	assert_non_null(strstr(buf_str(&coloured.text), "\033[1;31m────"));
	assert_non_null(strstr(buf_str(&coloured.text), "\033[32m▒\033[0m\n"));
	struct buf stripped = BUF_INIT;
	for (const char *s = buf_str(&coloured.text); *s != '\0'; s++) {
		if (*s == '\033')
			s = strchr(s, 'm');
		else
			buf_addc(&stripped, *s);
	}
	assert_string_equal(buf_str(&stripped), buf_str(&plain.text));
	buf_release(&stripped);
	page_release(&plain);
	page_release(&coloured);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_panel, reset_failures),
		cmocka_unit_test_setup(test_limit_inside, reset_failures),
		cmocka_unit_test_setup(test_phase_boundaries, reset_failures),
		cmocka_unit_test_setup(test_times, reset_failures),
		cmocka_unit_test_setup(test_moments_stay_on_the_page, reset_failures),
		cmocka_unit_test(test_round_up),
		cmocka_unit_test(test_colour_adds_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
