#include "report/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "record/timeline.h"

/* Columns between two times on the axis. */
#define TIME_COLUMNS 11
#define PHASE_NAME_MIN 3

static size_t column_of(const struct chart *c, uint64_t t_ns)
{
	return timeline_column(t_ns, c->span_ns, c->columns);
}

double chart_round_up(double value, double base)
{
	static const double steps[] = { 1, 2, 3, 4, 5, 6, 8 };
	double power = pow(base, floor(log(value > 0 ? value : 1) / log(base)) - 4);
	for (;; power *= base)
		for (size_t i = 0; i < COUNT(steps); i++)
			if (steps[i] * power >= value)
				return steps[i] * power;
}

/* ---- one line ----------------------------------------------------------- */

/* Cells of the same ink are gathered; blanks are held back, so that no line ends in them. */
struct line {
	struct page *page;
	struct buf run;
	enum ink ink;
	int blanks;
};

static void line_flush(struct line *l)
{
	if (l->run.len > 0)
		page_ink(l->page, l->ink, "%s", buf_str(&l->run));
	buf_clear(&l->run);
}

static void line_cell(struct line *l, enum ink ink, const char *text)
{
	if (strcmp(text, " ") == 0) {
		l->blanks++;
		return;
	}
	if (l->blanks > 0 || ink != l->ink) {
		line_flush(l);
		buf_addf(&l->page->text, "%*s", l->blanks, "");
		l->blanks = 0;
	}
	l->ink = ink;
	buf_adds(&l->run, text);
}

static void line_end(struct line *l)
{
	line_flush(l);
	buf_release(&l->run);
	buf_addc(&l->page->text, '\n');
}

static void frame(struct page *page, const char *label, enum glyph glyph)
{
	buf_addf(&page->text, "%*s", CHART_LABEL_COLUMNS - 1, label);
	page_ink(page, INK_FAINT, "%s", page_glyph(page, glyph));
}

/* ---- panels ------------------------------------------------------------- */

struct cell {
	const char *text; /* NULL: nothing of the figures is in it */
	enum ink ink;
};

/* What a column's layers take of one cell, in cells. */
struct share {
	const struct chart_layer *layer; /* the one with most of it */
	double top;			 /* of that one, above the cell's lower edge; at most 1 */
	double all, above;		 /* of all together; of those above that one */
};

static struct share share_of(const struct chart_panel *p, size_t column, int row)
{
	struct share s = { 0 };
	double below = 0, most = 0;
	for (size_t i = 0; i < p->layer_count; i++) {
		double top = fmin(fmax(p->layers[i].tops[column] / p->scale * p->rows - row, below), 1);
		if (top - below > most) {
			most = top - below;
			s = (struct share){ .layer = &p->layers[i], .top = top };
		}
		below = top;
	}
	s.all = below;
	s.above = below - s.top;
	return s;
}

/* In eighths where a single layer ends in the cell; otherwise the whole cell is its strongest layer's, or nobody's. */
static struct cell cell_of(const struct chart *c, const struct chart_panel *p, size_t column, int row)
{
	const struct cell nothing = { NULL, INK_PLAIN };
	if (p->states[column] == FACT_UNREADABLE && row == 0)
		return (struct cell){ "?", INK_WARN };
	if (p->states[column] == FACT_ABSENT)
		return nothing;
	struct share s = share_of(p, column, row);
	bool fine = s.layer != NULL && s.layer->fine && s.above < 0.25;
	/* What is there at all is seen on the lowest row. */
	bool thin = s.all < 0.5 && row == 0;
	if (s.layer == NULL || (s.all < 0.5 && !thin && !(fine && c->page->utf8)))
		return nothing;
	if (!fine && !thin)
		return (struct cell){ page_glyph(c->page, s.layer->glyph), s.layer->ink };
	int eighths = (int)lround(s.top * 8);
	if (eighths == 0 && row > 0)
		return nothing;
	return (struct cell){ page_glyph(c->page, GLYPH_LEVELS + (eighths > 0 ? eighths - 1 : 0)), s.layer->ink };
}

static bool begins_phase(const struct chart *c, size_t column)
{
	for (size_t i = 1; column > 0 && i < c->phase_count; i++)
		if (column_of(c, c->phases[i].start_ns) == column)
			return true;
	return false;
}

static void draw_row(const struct chart *c, const struct chart_panel *p, int row, bool limit)
{
	struct line line = { .page = c->page, .run = BUF_INIT };
	for (size_t i = 0; i < c->columns; i++) {
		struct cell cell = row < p->rows ? cell_of(c, p, i, row) : (struct cell){ NULL, INK_PLAIN };
		if (cell.text != NULL)
			line_cell(&line, cell.ink, cell.text);
		else if (limit)
			line_cell(&line, INK_BAD, page_glyph(c->page, GLYPH_LIMIT));
		else if (begins_phase(c, i))
			line_cell(&line, INK_FAINT, page_glyph(c->page, GLYPH_BOUNDARY));
		else
			line_cell(&line, INK_PLAIN, " ");
	}
	line_end(&line);
}

static void draw_base(const struct chart *c, const struct chart_panel *p)
{
	struct line line = { .page = c->page, .run = BUF_INIT };
	for (size_t i = 0; i < c->columns; i++) {
		if (p->moments != NULL && p->moments[i])
			line_cell(&line, INK_STRONG, page_glyph(c->page, GLYPH_MOMENT));
		else
			line_cell(&line, INK_FAINT,
				  p->states[i] == FACT_ABSENT ? " " : page_glyph(c->page, GLYPH_BASE));
	}
	line_end(&line);
}

void chart_panel(const struct chart *c, const struct chart_panel *p)
{
	char text[UNITS_TEXT_MAX];
	int limit_row = p->limit > 0 && p->limit <= p->scale ? (int)lround(p->limit / p->scale * p->rows) : -1;
	/* A figure is that of its row's lower edge; the row above the last has only the top edge. */
	for (int row = p->rows; row >= 0; row--) {
		bool labelled = row == p->rows || (row > 0 && row % p->label_rows == 0);
		frame(c->page, labelled ? p->label(p->scale * row / p->rows, text) : "",
		      labelled ? GLYPH_TICK : GLYPH_FRAME);
		draw_row(c, p, row, row == limit_row);
	}
	frame(c->page, p->label(0, text), GLYPH_TICK);
	draw_base(c, p);
}

/* ---- below -------------------------------------------------------------- */

void chart_moment(const struct chart *c, uint64_t t_ns, enum ink ink, const char *text)
{
	struct page *page = c->page;
	int at = CHART_LABEL_COLUMNS + (int)column_of(c, t_ns), width = text_columns(text) + 2;
	const char *pointer = page_glyph(page, GLYPH_MOMENT);
	if (at + width <= page->width) {
		buf_addf(&page->text, "%*s", at, "");
		page_ink(page, ink, "%s %s\n", pointer, text);
	} else if (width <= at + 1) {
		buf_addf(&page->text, "%*s", at + 1 - width, "");
		page_ink(page, ink, "%s %s\n", text, pointer);
	} else { /* no room on either side: it only names the mark */
		char *lead = xasprintf("%s ", pointer);
		page_wrap(page, ink, lead, text);
		free(lead);
	}
}

static void draw_phases(const struct chart *c)
{
	struct line line = { .page = c->page, .run = BUF_INIT };
	size_t column = 0;
	buf_addf(&c->page->text, "%*s", CHART_LABEL_COLUMNS, "");
	for (size_t i = 0; i < c->phase_count; i++) {
		size_t start = column_of(c, c->phases[i].start_ns);
		size_t end = i + 1 < c->phase_count ? column_of(c, c->phases[i + 1].start_ns) : c->columns;
		if (end <= start)
			continue;
		for (; column < start; column++)
			line_cell(&line, INK_PLAIN, " ");
		size_t room = end - start, len = strlen(c->phases[i].name);
		if (room != len) {
			line_cell(&line, INK_FAINT, page_glyph(c->page, GLYPH_BOUNDARY));
			column++;
			room--;
		}
		for (size_t k = 0; room >= PHASE_NAME_MIN && k < len && column < end; k++, column++)
			line_cell(&line, INK_PLAIN, (char[]){ c->phases[i].name[k], '\0' });
	}
	line_end(&line);
}

static uint64_t time_step(uint64_t at_least_ns)
{
	static const uint64_t steps_s[] = { 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000 };
	static const uint64_t times[] = { 1, 2, 5 };
	for (uint64_t unit = NS_PER_US; unit < NS_PER_S; unit *= 10)
		for (size_t i = 0; i < 3; i++)
			if (unit * times[i] >= at_least_ns)
				return unit * times[i];
	for (size_t i = 0; i < COUNT(steps_s); i++)
		if (steps_s[i] * NS_PER_S >= at_least_ns)
			return steps_s[i] * NS_PER_S;
	return (at_least_ns / (18000 * NS_PER_S) + 1) * 18000 * NS_PER_S;
}

static void draw_times(const struct chart *c)
{
	uint64_t step = time_step((uint64_t)((double)c->span_ns / (double)c->columns * TIME_COLUMNS));
	size_t column = 0;
	buf_addf(&c->page->text, "%*s", CHART_LABEL_COLUMNS, "");
	for (uint64_t t_ns = 0; t_ns < c->span_ns; t_ns += step) {
		char text[UNITS_TEXT_MAX];
		size_t at = column_of(c, t_ns);
		if (t_ns == 0)
			strcpy(text, "0 s");
		else
			units_format_duration(t_ns, text);
		if (at + strlen(text) > c->columns)
			break;
		buf_addf(&c->page->text, "%*s%s", (int)(at - column), "", text);
		column = at + strlen(text);
	}
	buf_addc(&c->page->text, '\n');
}

void chart_axis(const struct chart *c)
{
	if (c->phase_count > 0)
		draw_phases(c);
	draw_times(c);
}
