#include "html/many.h"

#include <stdlib.h>
#include <string.h>

#include "report/figures.h"

#define COMMIT_DIGITS 10

static const char *source_text(const struct run_summary *run, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(run->record, "server_source"), key));
	return text != NULL ? text : "";
}

/* What stands above the run's column; heap. */
static char *name_of(const struct run_summary *run, const char *side, enum html_by by)
{
	char text[UNITS_TEXT_MAX];
	const char *commit = source_text(run, "commit"), *branch = source_text(run, "branch");
	switch (by) {
	case HTML_BY_SIDE:
		return xstrdup(side);
	case HTML_BY_LABEL:
		return xstrdup(run->label[0] != '\0' ? run->label : "no label");
	case HTML_BY_BRANCH:
		return xstrdup(branch[0] != '\0' ? branch : "no branch");
	case HTML_BY_COMMIT:
		return commit[0] != '\0' ? xasprintf("%.*s", COMMIT_DIGITS, commit) : xstrdup("no commit");
	case HTML_BY_MEMORY:
		return xstrdup(fact_known(run->memory_bytes) ? figure_size(run->memory_bytes, text) : "no cap");
	}
	return xstrdup("?");
}

/* Caps stand by their size, all else in the order in which it comes. */
static uint64_t order_of(const struct run_summary *run, enum html_by by)
{
	if (by != HTML_BY_MEMORY)
		return 0;
	return fact_known(run->memory_bytes) ? run->memory_bytes.value : UINT64_MAX;
}

static size_t find_row(struct many *m, const char *scenario)
{
	size_t i = 0;
	while (i < m->rows && strcmp(m->scenarios[i], scenario) != 0)
		i++;
	if (i == m->rows) {
		m->scenarios = xrealloc(m->scenarios, ++m->rows * sizeof(*m->scenarios));
		m->scenarios[i] = scenario;
	}
	return i;
}

static size_t find_column(struct many *m, char *name, uint64_t order)
{
	size_t i = 0;
	while (i < m->columns && strcmp(m->names[i], name) != 0)
		i++;
	if (i < m->columns) {
		free(name);
		return i;
	}
	m->columns++;
	m->names = xrealloc(m->names, m->columns * sizeof(*m->names));
	m->order = xrealloc(m->order, m->columns * sizeof(*m->order));
	for (; i > 0 && m->order[i - 1] > order; i--) {
		m->names[i] = m->names[i - 1];
		m->order[i] = m->order[i - 1];
	}
	m->names[i] = name;
	m->order[i] = order;
	return i;
}

static void add(struct many *m, const struct run_summary *run, size_t row, size_t column)
{
	struct column *c = many_cell(m, row, column);
	c->runs = xrealloc(c->runs, (c->count + 1) * sizeof(*c->runs));
	c->runs[c->count++] = run;
	c->judged += run_judged(run);
	c->crashed += run_crashed(run);
	m->runs++;
	m->judged += run_judged(run);
}

/* Columns and rows first: the cells are an array of both. */
static void each(struct many *m, const struct html_side *sides, size_t count, enum html_by by, bool fill)
{
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < sides[k].runs.count; i++) {
			const struct run_summary *run = &sides[k].runs.summaries[i];
			size_t row = find_row(m, run->scenario),
			       column = find_column(m, name_of(run, sides[k].name, by), order_of(run, by));
			if (fill)
				add(m, run, row, column);
		}
}

struct many *many_new(const struct html_side *sides, size_t count, enum html_by by)
{
	struct many *m = xcalloc(1, sizeof(*m));
	if (count == 1 && by == HTML_BY_SIDE)
		by = HTML_BY_LABEL;
	each(m, sides, count, by, false);
	m->cells = xcalloc(m->rows * m->columns + 1, sizeof(*m->cells));
	each(m, sides, count, by, true);
	return m;
}

void many_free(struct many *m)
{
	for (size_t i = 0; i < m->rows * m->columns; i++)
		free(m->cells[i].runs);
	for (size_t i = 0; i < m->columns; i++)
		free(m->names[i]);
	free(m->names);
	free(m->order);
	free(m->scenarios);
	free(m->cells);
	free(m);
}

struct column *many_cell(const struct many *m, size_t row, size_t column)
{
	return &m->cells[row * m->columns + column];
}
