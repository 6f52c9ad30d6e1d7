/* What is said of a floor, a bisection and a comparison that came to no end, or went the other way round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "campaign/bisect_run.h"
#include "campaign/compare.h"
#include "campaign/floor_run.h"
#include "campaign/shrink_run.h"

#define MIB 1048576.0

struct memory_stream {
	char *text;
	size_t size;
	FILE *out;
};

static void check(const char *text, const char *needle, bool there)
{
	if ((strstr(text, needle) != NULL) != there)
		fail_msg("got:\n%s\nexpected%s in it: \"%s\"", text, there ? "" : " not", needle);
}

/* A floor after a few runs: the budget is used only where as many were made as it has. */
static void test_a_floor_that_is_not_known(void **state)
{
	(void)state;
	static const struct {
		size_t runs, budget;
		const char *said, *unsaid;
	} rows[] = {
		{ 3, 4, "the budget of 4 runs is used", "stopped" },
		{ 3, 20, "the search was stopped after 4 runs", "budget of" },
		{ 1, 20, "the search was stopped after 2 runs", "budget of" },
		{ 0, 20, "the search was stopped after 1 run:", "budget of" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct floor_options o = { .guess_bytes = (uint64_t)(100 * MIB),
					   .precision = 0.05,
					   .budget = rows[i].budget - 1 };
		struct floor_result r = { .scenario = "s", .precision = 0.05, .budget = rows[i].budget };
		struct memory_stream m = { 0 };
		m.out = open_memstream(&m.text, &m.size);
		r.search = floor_new(&o);
		r.trials = calloc(rows[i].runs + 1, sizeof(*r.trials));
		for (; r.count < rows[i].runs; r.count++) {
			r.trials[r.count] =
				(struct floor_trial){ 0, (uint64_t)((100 + 20.0 * r.count) * MIB), r.count > 0 };
			floor_add(r.search, r.trials[r.count].cap_bytes, r.count > 0);
		}
		floor_print(m.out, &r);
		fclose(m.out);
		check(m.text, rows[i].said, true);
		check(m.text, rows[i].unsaid, false);
		floor_result_release(&r);
		free(m.text);
	}
}

/* Four commits; `otherwise` of 6 runs of each did not end as expected. */
static char *bisected(const size_t otherwise[4], size_t runs, bool by_floor)
{
	struct bisect_result r = { .count = 4 };
	struct memory_stream m = { 0 };
	size_t commit;
	m.out = open_memstream(&m.text, &m.size);
	r.names = calloc(4, sizeof(*r.names));
	r.checkouts = calloc(4, sizeof(*r.checkouts));
	r.subjects = calloc(4, sizeof(*r.subjects));
	for (size_t i = 0; i < 4; i++)
		r.subjects[i] = strdup("what it says, which may take as many columns as a commit's subject has, "
				       "or more than a terminal has");
	for (size_t i = 0; i < 4; i++)
		r.names[i] =
			strdup((const char *[]){ "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd" }[i]);
	r.search = bisect_new(4, 0.95, 300);
	for (size_t n = 0; n < runs && bisect_next(r.search, &commit); n++)
		bisect_tell(r.search, commit, r.search->commits[commit].hits < otherwise[commit]);
	if (by_floor) {
		struct floor_options o = { .guess_bytes = (uint64_t)(100 * MIB), .precision = 0.05, .budget = 19 };
		r.floors[0].search = floor_new(&o);
		r.floors[1].search = floor_new(&o);
		r.memory_bytes = (uint64_t)(100 * MIB);
	}
	bisect_print(m.out, &r);
	fclose(m.out);
	bisect_result_release(&r);
	return m.text;
}

static void test_a_bisection_speaks_of_what_it_found(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t otherwise[4], runs;
		bool by_floor;
		const char *said, *unsaid;
	} rows[] = {
		{ "a fault",
		  { 0, 0, 99, 99 },
		  300,
		  false,
		  "cccccccccc is the first commit whose runs end as expected "
		  "less often",
		  "more often" },
		{ "a fix",
		  { 99, 99, 0, 0 },
		  300,
		  false,
		  "cccccccccc is the first commit whose runs end as expected "
		  "more often",
		  "bad" },
		{ "more memory",
		  { 0, 99, 99, 99 },
		  300,
		  true,
		  "bbbbbbbbbb is the first commit whose server needs more "
		  "memory",
		  "bad" },
		{ "less memory",
		  { 99, 0, 0, 0 },
		  300,
		  true,
		  "bbbbbbbbbb is the first commit whose server needs less "
		  "memory",
		  "bad" },
		{ "stopped at once",
		  { 0, 0, 99, 99 },
		  0,
		  false,
		  "Nothing found in 0 runs: the two ends were not told "
		  "apart yet",
		  "marked" },
		{ "stopped before the ends were known",
		  { 0, 0, 99, 99 },
		  3,
		  false,
		  "Nothing found in 3 runs: the two ends were not told apart yet",
		  "marked" },
		{ "no difference",
		  { 0, 0, 0, 0 },
		  300,
		  false,
		  "Nothing found in 50 runs: the two ends do not differ",
		  "marked" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = bisected(rows[i].otherwise, rows[i].runs, rows[i].by_floor);
		print_message("  %s\n", rows[i].name);
		check(text, rows[i].said, true);
		check(text, rows[i].unsaid, false);
		free(text);
	}
}

static void test_more_runs_are_those_of_each_side(void **state)
{
	(void)state;
	struct observation items[2][5] = { 0 };
	struct observations side[2];
	struct compare_options options = COMPARE_DEFAULTS;
	struct comparison c;
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < 5; i++) {
			items[k][i] = (struct observation){ .judged = true, .crashed = i < 2 * k, .cap_bytes = MIB };
			items[k][i].known[METRIC_CRASHES] = true;
			items[k][i].reading[METRIC_CRASHES].value = items[k][i].crashed;
		}
		side[k] =
			(struct observations){ .name = k == 0 ? "a" : "b", .items = items[k], .count = 5, .judged = 5 };
	}
	compare(&side[0], &side[1], &options, &c);
	struct comparison_set set = { .names = { "a", "b" }, .items = &c, .count = 1, .answer = c.answer };
	struct memory_stream m = { 0 };
	m.out = open_memstream(&m.text, &m.size);
	compare_format_find("terminal")->write(m.out, &set, NULL);
	compare_format_find("markdown")->write(m.out, &set, NULL);
	fclose(m.out);
	check(m.text, "of each side would settle it", true);
	check(m.text, "runs would settle it", false);
	free(m.text);
}

static void check_width(const char *text, size_t most)
{
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0'))
		if (strcspn(line, "\n") > most)
			fail_msg("%zu columns, expected at most %zu:\n%s", strcspn(line, "\n"), most, line);
}

static const char *whole_number(uint64_t value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%d", (int)value);
	return out;
}

static char *shrunk(void)
{
	char name[] = "load.the-group-with-a-long-name.clients", command[] = "/srv/uploads/bin/server";
	char *const words[] = { command, NULL };
	const char *set[] = { "server.preset=before-any-fix", "server.settings.max_form_memory=32MiB" };
	struct option_list list = { set, COUNT(set) };
	struct shrink_typed typed = { "scenarios/picoshare/three-uploads.yaml", "cgroup-v1", "256MiB", &list, words };
	struct shrink_key key = { .name = name, .format = whole_number };
	struct shrink *search = shrink_new(1, &(struct shrink_options){ 3, 30, 0.1 });
	search->figures[0].before = 8;
	search->figures[0].crashes = 3;
	struct shrink_result r = { search, &key, 1 };
	struct memory_stream m = { 0 };
	m.out = open_memstream(&m.text, &m.size);
	shrink_print(m.out, &r, &typed);
	fclose(m.out);
	shrink_free(search);
	return m.text;
}

static void test_no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	static const int widths[] = { 60, 80 };
	for (size_t i = 0; i < COUNT(widths); i++) {
		char columns[8], *text[2];
		snprintf(columns, sizeof(columns), "%d", widths[i]);
		setenv("COLUMNS", columns, 1);
		text[0] = bisected((const size_t[]){ 0, 0, 99, 99 }, 300, false);
		text[1] = shrunk();
		for (size_t k = 0; k < COUNT(text); k++) {
			check_width(text[k], (size_t)widths[i]);
			free(text[k]);
		}
	}
	setenv("COLUMNS", "160", 1);
	char *line = shrunk();
	check(line, "yaml \\\n      --isolation cgroup-v1 \\\n", true);
	check(line, "--set load.the-group-with-a-long-name.clients=3 \\\n      -- '/srv/uploads/bin/server'\n", true);
	free(line);
}

int main(void)
{
	setenv("COLUMNS", "160", 1);
	setenv("LC_ALL", "C", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_floor_that_is_not_known),
		cmocka_unit_test(test_a_bisection_speaks_of_what_it_found),
		cmocka_unit_test(test_more_runs_are_those_of_each_side),
		cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
