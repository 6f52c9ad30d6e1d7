#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "report/column.h"
#include "report/repeats.h"
#include "report/report.h"

#define TITLE_COLUMNS 16
#define CELL_COLUMNS_MIN 16 /* gap of two included */
#define CELL_COLUMNS_MAX 40
#define CELL_GAP 2

#define OFFSET(field) offsetof(struct facts, field)

struct cell {
	struct buf text;
	enum ink ink;
};

struct row {
	const char *title;
	void (*fill)(struct cell *cell, const struct page *p, const struct column *c, size_t offset);
	size_t offset; /* of the fact it shows, where it shows one */
};

static void fill_verdict(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	(void)offset;
	column_tally(&cell->text, c, " ");
	cell->ink = column_agreed(c, RUNS_ALL) != NULL ? verdict_ink(c->runs[0]) : INK_WARN;
}

static void fill_expected(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)offset;
	size_t met = 0;
	for (size_t i = 0; i < c->count; i++)
		met += c->runs[i]->as_expected;
	if (c->runs[0]->expected_count == 0 || (c->judged == 0 && met == 0)) {
		buf_adds(&cell->text, "-");
		return;
	}
	bool all = met == c->count;
	cell->ink = all ? INK_GOOD : INK_BAD;
	buf_addf(&cell->text, "%s ", page_glyph(p, all ? GLYPH_CHECK : GLYPH_CROSS));
	if (c->count > 1)
		buf_addf(&cell->text, "%zu of %zu", met, c->count);
	else
		buf_adds(&cell->text, all ? "yes" : "no");
	if (!all) {
		buf_adds(&cell->text, ", expected ");
		verdict_expected(&cell->text, c->runs[0]);
	}
}

static void fill_cap(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	(void)offset;
	char text[UNITS_TEXT_MAX];
	struct fact cap = c->runs[0]->memory_bytes;
	buf_adds(&cell->text, cap.state == FACT_ABSENT ? "none" : figure_size(cap, text));
}

static void fill_size(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	struct spread s = column_spread(c, offset, RUNS_JUDGED);
	spread_add(&cell->text, p, &s, figure_size);
}

/* What the server wanted: of a crashed run only "at least this" is known. */
static void fill_demand(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	struct spread ended = column_spread(c, offset, RUNS_ENDED);
	struct spread crashed = column_spread(c, offset, RUNS_CRASHED);
	if (ended.known > 0 || crashed.known == 0) {
		spread_add(&cell->text, p, &ended, figure_size);
		if (c->crashed > 0 && ended.known > 0)
			buf_addf(&cell->text, " in the %zu that lived", ended.known);
		return;
	}
	if (crashed.max > 0)
		buf_addf(&cell->text, "%s ", page_glyph(p, GLYPH_AT_LEAST));
	spread_add(&cell->text, p, &crashed, figure_size);
}

static void fill_crash_rate(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)offset;
	repeats_rate(&cell->text, p, c);
}

static void fill_death_median(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	repeats_median(&cell->text, c, offset, RUNS_CRASHED, figure_duration);
}

static void fill_demand_median(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	repeats_median(&cell->text, c, offset, RUNS_ENDED, figure_size);
}

/* Usage before and after asking; of several runs the one that kept most. */
static void fill_given_back(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)offset;
	struct spread before = column_spread(c, OFFSET(settled_usage_bytes), RUNS_ENDED);
	struct spread after = column_spread(c, OFFSET(squeezed_usage_bytes), RUNS_ENDED);
	if (after.known == 0) {
		spread_add(&cell->text, p, &after, figure_size);
		return;
	}
	char *arrow = xasprintf(" %s ", page_glyph(p, GLYPH_ARROW));
	if (before.known > 0)
		figure_pair(&cell->text, before.max, after.max, arrow, figure_size);
	free(arrow);
}

static void add_sum(struct buf *b, const struct spread *s)
{
	if (s->known > 0)
		buf_addf(b, "%llu", (unsigned long long)s->sum);
	else
		buf_adds(b, s->unreadable > 0 ? "?" : "-");
}

static void fill_requests(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	(void)offset;
	struct spread ok = column_spread(c, OFFSET(requests_ok), RUNS_ALL);
	struct spread failed = column_spread(c, OFFSET(requests_failed), RUNS_ALL);
	struct spread cut = column_spread(c, OFFSET(requests_cut), RUNS_ALL);
	add_sum(&cell->text, &ok);
	buf_adds(&cell->text, " / ");
	add_sum(&cell->text, &failed);
	buf_adds(&cell->text, " / ");
	add_sum(&cell->text, &cut);
	cell->ink = failed.sum > 0 ? INK_WARN : INK_PLAIN;
}

static void fill_verified(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	struct spread s = column_spread(c, offset, RUNS_ALL);
	char text[UNITS_TEXT_MAX];
	buf_adds(&cell->text, s.known > 0 ? figure_size(fact_of(s.sum), text) : s.unreadable > 0 ? "?" : "-");
}

static void fill_wrong(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	(void)p;
	struct spread s = column_spread(c, offset, RUNS_ALL);
	add_sum(&cell->text, &s);
	if (s.sum > 0) {
		buf_adds(&cell->text, " DATA LOSS");
		cell->ink = INK_ALARM;
	}
}

static void fill_death(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	struct spread s = column_spread(c, offset, RUNS_CRASHED);
	spread_add(&cell->text, p, &s, figure_duration);
}

static void fill_duration(struct cell *cell, const struct page *p, const struct column *c, size_t offset)
{
	struct spread s = column_spread(c, offset, RUNS_JUDGED);
	spread_add(&cell->text, p, &s, figure_duration);
}

static const struct row rows[] = {
	{ "verdict", fill_verdict, 0 },
	{ "as expected", fill_expected, 0 },
	{ "crash rate", fill_crash_rate, 0 },
	{ "cap", fill_cap, 0 },
	{ "time to death", fill_death, OFFSET(server_end_ns) },
	{ "median", fill_death_median, OFFSET(server_end_ns) },
	{ "usage peak", fill_size, OFFSET(peak_usage_bytes) },
	{ "anon peak", fill_demand, OFFSET(peak_anon_bytes) },
	{ "shmem peak", fill_demand, OFFSET(peak_shmem_bytes) },
	{ "unreclaimable", fill_demand, OFFSET(peak_unreclaimable_bytes) },
	{ "median", fill_demand_median, OFFSET(peak_unreclaimable_bytes) },
	{ "page cache peak", fill_size, OFFSET(peak_file_bytes) },
	{ "cache freed", fill_given_back, 0 },
	{ "ok/failed/cut", fill_requests, 0 },
	{ "read back", fill_verified, OFFSET(verified_bytes) },
	{ "read back wrong", fill_wrong, OFFSET(corrupt) },
	{ "load lasted", fill_duration, OFFSET(load_ns) },
};

/* Prints cells side by side, each wrapped to its column. */
static void print_cells(struct page *p, const char *title, const struct cell *cells, size_t count, int columns)
{
	const char **rest = xcalloc(count, sizeof(rest[0]));
	for (size_t i = 0; i < count; i++)
		rest[i] = buf_str(&cells[i].text);
	bool more = true;
	for (int line = 0; more; line++) {
		more = false;
		buf_addf(&p->text, "%-*s", TITLE_COLUMNS, line == 0 ? title : "");
		int pending = 0; /* blanks owed: none at the end of a line */
		for (size_t i = 0; i < count; i++) {
			size_t len = rest[i][0] != '\0' ? text_break(rest[i], columns - CELL_GAP) : 0;
			char *part = xasprintf("%.*s", (int)len, rest[i]);
			if (len > 0) {
				buf_addf(&p->text, "%*s", pending, "");
				page_ink(p, cells[i].ink, "%s", part);
				pending = 0;
			}
			pending += columns - text_columns(part);
			free(part);
			rest[i] += len;
			while (*rest[i] == ' ')
				rest[i]++;
			more |= rest[i][0] != '\0';
		}
		while (p->text.len > 0 && p->text.data[p->text.len - 1] == ' ')
			p->text.data[--p->text.len] = '\0';
		buf_addc(&p->text, '\n');
	}
	free(rest);
}

static void band(struct page *p, const struct column *columns, size_t count, int cell_columns)
{
	struct cell *cells = xcalloc(count, sizeof(cells[0]));
	for (size_t i = 0; i < count; i++) {
		cells[i] = (struct cell){ .text = BUF_INIT, .ink = INK_STRONG };
		buf_adds(&cells[i].text, columns[i].label);
		if (columns[i].count > 1)
			buf_addf(&cells[i].text, " (%zu runs)", columns[i].count);
	}
	print_cells(p, "", cells, count, cell_columns);
	int width = TITLE_COLUMNS + (int)count * cell_columns - CELL_GAP;
	struct buf rule = BUF_INIT;
	for (int i = 0; i < width; i++)
		buf_adds(&rule, page_glyph(p, GLYPH_RULE));
	page_ink(p, INK_FAINT, "%s\n", buf_str(&rule));
	buf_release(&rule);
	for (size_t r = 0; r < COUNT(rows); r++) {
		bool used = false;
		for (size_t i = 0; i < count; i++) {
			buf_clear(&cells[i].text);
			cells[i].ink = INK_PLAIN;
			rows[r].fill(&cells[i], p, &columns[i], rows[r].offset);
			used |= strcmp(buf_str(&cells[i].text), "-") != 0;
		}
		if (used)
			print_cells(p, rows[r].title, cells, count, cell_columns);
	}
	for (size_t i = 0; i < count; i++)
		buf_release(&cells[i].text);
	free(cells);
}

void report_side_by_side(FILE *out, const struct run_summary *runs, size_t count)
{
	if (count == 0)
		return;
	struct page p;
	page_init(&p, out);
	size_t n;
	char *common;
	struct column *columns = columns_new(runs, count, &n, &common);

	size_t fit = (size_t)((p.width + CELL_GAP - TITLE_COLUMNS) / CELL_COLUMNS_MIN);
	fit = fit == 0 ? 1 : fit > n ? n : fit;
	int cell_columns = (p.width + CELL_GAP - TITLE_COLUMNS) / (int)fit;
	if (cell_columns > CELL_COLUMNS_MAX)
		cell_columns = CELL_COLUMNS_MAX;
	if (common[0] != '\0')
		page_ink(&p, INK_STRONG, "%s%s\n", common,
			 common[strlen(common) - 1] == '-' ? page_glyph(&p, GLYPH_ELLIPSIS) : "");
	for (size_t i = 0; i < n; i += fit) {
		if (i > 0)
			buf_addc(&p.text, '\n');
		band(&p, columns + i, n - i < fit ? n - i : fit, cell_columns);
	}
	struct buf words = BUF_INIT;
	conclude(&words, &p, columns, n);
	buf_addc(&p.text, '\n');
	page_wrap(&p, INK_STRONG, "", buf_str(&words));
	buf_release(&words);
	page_write(&p, out);
	page_release(&p);
	free(common);
	columns_free(columns, n);
}
