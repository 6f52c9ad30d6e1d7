/* A history on the terminal, as Markdown, as JSON: the same changes in each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fact_json.h"
#include "base/text.h"
#include "campaign/history.h"
#include "report/figures.h"
#include "report/json.h"
#include "report/page.h"

#define VERDICTS_SHOWN 10 /* of the changes, the newest */
#define COMMIT_SHOWN 10
#define LINE_COLUMNS 60

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

void history_add_when(struct buf *b, const struct run_summary *run)
{
	const json_t *source = json_object_get(run->record, "server_source");
	const char *commit = text_of(source, "commit"), *branch = text_of(source, "branch");
	buf_addf(b, "%.10s", text_of(run->record, "started"));
	if (commit[0] != '\0')
		buf_addf(b, ", commit %.*s", COMMIT_SHOWN, commit);
	if (branch[0] != '\0')
		buf_addf(b, " of %s", branch);
}

/* Median of the level; "at least" where a kill cuts it off. */
static void add_level(struct buf *b, const struct metric *m, const struct level *l)
{
	char text[64];
	buf_addf(b, "%s%s (%zu", isinf(l->median.hi) ? "at least " : "", m->format(l->median.lo, text), l->count);
	if (l->censored > 0)
		buf_addf(b, ", %zu killed", l->censored);
	buf_addc(b, ')');
}

static void add_amount(struct buf *b, const struct metric *m, double value)
{
	char text[64];
	if (isinf(value))
		buf_adds(b, value < 0 ? "less" : "more");
	else
		buf_addf(b, "%s%s", value < 0 ? "-" : "+", m->format(fabs(value), text));
}

void history_add_change(struct buf *b, const struct metric *m, const struct change *c)
{
	add_level(b, m, &c->before);
	buf_adds(b, " to ");
	add_level(b, m, &c->after);
	buf_adds(b, "; by ");
	add_amount(b, m, c->shift.interval.lo);
	buf_adds(b, " to ");
	add_amount(b, m, c->shift.interval.hi);
}

void history_add_heading(struct buf *b, const struct history_scenario *s)
{
	char cap[UNITS_TEXT_MAX];
	buf_addf(b, "%s, %s: %zu runs", s->name,
		 fact_known(s->memory_bytes) ? figure_size(s->memory_bytes, cap) : "no cap", s->run_count);
}

void history_add_verdicts(struct buf *b, const struct run_summary *before, const struct run_summary *after)
{
	verdict_name(b, before);
	buf_adds(b, " to ");
	verdict_name(b, after);
}

size_t history_first_verdict(const struct history_scenario *s)
{
	return s->verdict_change_count > VERDICTS_SHOWN ? s->verdict_change_count - VERDICTS_SHOWN : 0;
}

/* ---- terminal ----------------------------------------------------------- */

/* A cell for as many runs as it takes: their median, from the lowest to the highest of all. */
static void draw_line(struct page *p, const struct history_figure *f)
{
	size_t cells = f->count < LINE_COLUMNS ? f->count : LINE_COLUMNS;
	double lo = INFINITY, hi = -INFINITY, *values = xcalloc(f->count, sizeof(*values));
	for (size_t i = 0; i < f->count; i++) {
		lo = fmin(lo, f->points[i].reading.value);
		hi = fmax(hi, f->points[i].reading.value);
	}
	buf_adds(&p->text, "    ");
	for (size_t i = 0; i < cells; i++) {
		size_t from = i * f->count / cells, end = (i + 1) * f->count / cells;
		bool censored = false;
		for (size_t k = from; k < end; k++) {
			values[k - from] = f->points[k].reading.value;
			censored |= f->points[k].reading.censored;
		}
		double median = stats_five(values, end - from).median;
		int level = hi > lo ? (int)(7.99 * (median - lo) / (hi - lo)) : 0;
		page_ink(p, censored ? INK_BAD : INK_PLAIN, "%s", page_glyph(p, GLYPH_LEVELS + (enum glyph)level));
	}
	buf_addc(&p->text, '\n');
	free(values);
}

static void tell_figure(struct page *p, const struct history_figure *f)
{
	struct buf b = BUF_INIT;
	char text[64];
	double lo = INFINITY, hi = -INFINITY;
	size_t censored = 0;
	for (size_t i = 0; i < f->count; i++) {
		lo = fmin(lo, f->points[i].reading.value);
		hi = fmax(hi, f->points[i].reading.value);
		censored += f->points[i].reading.censored;
	}
	buf_addf(&b, "%s: %s", f->metric->name, f->metric->format(lo, text));
	buf_addf(&b, " to %s", f->metric->format(hi, text));
	if (censored > 0)
		buf_addf(&b, "; %zu of %zu cut by a kill, so lower bounds", censored, f->count);
	if (f->change_count == 0)
		buf_adds(&b, "; no change");
	page_wrap(p, INK_PLAIN, "  ", buf_str(&b));
	draw_line(p, f);
	for (size_t i = 0; i < f->change_count; i++) {
		const struct run_summary *run = f->points[f->changes[i].at].run;
		buf_clear(&b);
		history_add_change(&b, f->metric, &f->changes[i]);
		buf_adds(&b, "; since ");
		history_add_when(&b, run);
		page_wrap(p, INK_WARN, "    ! ", buf_str(&b));
		page_wrap(p, INK_FAINT, "      ", run->id);
	}
	buf_release(&b);
}

static void tell_verdicts(struct page *p, const struct history_scenario *s)
{
	size_t first = history_first_verdict(s);
	struct buf b = BUF_INIT;
	buf_adds(&b, "verdict: ");
	verdict_name(&b, s->runs[s->run_count - 1]);
	buf_addf(&b, "; %zu change%s", s->verdict_change_count, s->verdict_change_count == 1 ? "" : "s");
	if (first > 0)
		buf_addf(&b, ", the last %d:", VERDICTS_SHOWN);
	page_wrap(p, INK_PLAIN, "  ", buf_str(&b));
	for (size_t i = first; i < s->verdict_change_count; i++) {
		size_t at = s->verdict_changes[i];
		buf_clear(&b);
		history_add_verdicts(&b, s->runs[at - 1], s->runs[at]);
		buf_adds(&b, "; ");
		history_add_when(&b, s->runs[at]);
		page_wrap(p, verdict_ink(s->runs[at]), "    ! ", buf_str(&b));
		page_wrap(p, INK_FAINT, "      ", s->runs[at]->id);
	}
	buf_release(&b);
}

static int write_terminal(FILE *out, const struct history *h, struct error *err)
{
	struct page p;
	(void)err;
	page_init(&p, out);
	for (size_t i = 0; i < h->count; i++) {
		struct buf b = BUF_INIT;
		history_add_heading(&b, &h->scenarios[i]);
		page_wrap(&p, INK_STRONG, i > 0 ? "\n" : "", buf_str(&b));
		buf_release(&b);
		tell_verdicts(&p, &h->scenarios[i]);
		for (size_t k = 0; k < h->scenarios[i].figure_count; k++)
			tell_figure(&p, &h->scenarios[i].figures[k]);
	}
	page_write(&p, out);
	page_release(&p);
	return 0;
}

/* ---- Markdown ----------------------------------------------------------- */

static void markdown_row(FILE *out, const char *what, const struct buf *change, const struct run_summary *run)
{
	struct buf line = BUF_INIT, when = BUF_INIT;
	history_add_when(&when, run);
	buf_adds(&line, "| ");
	text_add_markdown(&line, what);
	buf_adds(&line, " | ");
	text_add_markdown(&line, buf_str(change));
	buf_adds(&line, " | ");
	text_add_markdown(&line, buf_str(&when));
	buf_adds(&line, " | ");
	text_add_markdown(&line, run->id);
	buf_adds(&line, " |\n");
	fputs(buf_str(&line), out);
	buf_release(&line);
	buf_release(&when);
}

static void markdown_scenario(FILE *out, const struct history_scenario *s)
{
	struct buf b = BUF_INIT, shown = BUF_INIT;
	history_add_heading(&b, s);
	text_add_markdown(&shown, buf_str(&b));
	fprintf(out, "### %s\n\n| figure | change | since | first run |\n|---|---|---|---|\n", buf_str(&shown));
	for (size_t i = history_first_verdict(s); i < s->verdict_change_count; i++) {
		size_t at = s->verdict_changes[i];
		buf_clear(&b);
		history_add_verdicts(&b, s->runs[at - 1], s->runs[at]);
		markdown_row(out, "verdict", &b, s->runs[at]);
	}
	for (size_t k = 0; k < s->figure_count; k++)
		for (size_t i = 0; i < s->figures[k].change_count; i++) {
			const struct change *c = &s->figures[k].changes[i];
			buf_clear(&b);
			history_add_change(&b, s->figures[k].metric, c);
			markdown_row(out, s->figures[k].metric->name, &b, s->figures[k].points[c->at].run);
		}
	fputc('\n', out);
	buf_release(&shown);
	buf_release(&b);
}

static int write_markdown(FILE *out, const struct history *h, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < h->count; i++)
		markdown_scenario(out, &h->scenarios[i]);
	return 0;
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(struct interval i)
{
	return json_pack("[o, o]", number(i.lo), number(i.hi));
}

static json_t *level_json(const struct level *l)
{
	return json_pack("{s:I, s:I, s:o}", "runs", (json_int_t)l->count, "censored", (json_int_t)l->censored, "median",
			 interval_json(l->median));
}

static json_t *run_json(const struct run_summary *run)
{
	const json_t *commit = json_object_get(json_object_get(run->record, "server_source"), "commit");
	const json_t *started = json_object_get(run->record, "started");
	return json_pack("{s:o, s:O?, s:O?}", "run", text_json(run->id), "started", started, "commit", commit);
}

static json_t *figure_json(const struct history_figure *f)
{
	json_t *points = json_array(), *changes = json_array();
	for (size_t i = 0; i < f->count; i++) {
		json_t *point = run_json(f->points[i].run);
		json_object_set_new(point, "value", number(f->points[i].reading.value));
		json_object_set_new(point, "censored", json_boolean(f->points[i].reading.censored));
		json_array_append_new(points, point);
	}
	for (size_t i = 0; i < f->change_count; i++) {
		const struct change *c = &f->changes[i];
		json_t *change = run_json(f->points[c->at].run);
		json_object_set_new(change, "p", json_real(c->p));
		json_object_set_new(change, "before", level_json(&c->before));
		json_object_set_new(change, "after", level_json(&c->after));
		json_object_set_new(change, "change", interval_json(c->shift.estimate));
		json_object_set_new(change, "change_interval", interval_json(c->shift.interval));
		json_array_append_new(changes, change);
	}
	return json_pack("{s:s, s:o, s:o}", "figure", f->metric->key, "points", points, "changes", changes);
}

static json_t *verdict_json(const struct run_summary *before, const struct run_summary *run)
{
	struct buf was = BUF_INIT, is = BUF_INIT;
	json_t *object = run_json(run);
	verdict_name(&was, before);
	verdict_name(&is, run);
	json_object_set_new(object, "before", text_json(buf_str(&was)));
	json_object_set_new(object, "after", text_json(buf_str(&is)));
	buf_release(&was);
	buf_release(&is);
	return object;
}

static int write_json(FILE *out, const struct history *h, struct error *err)
{
	json_t *scenarios = json_array();
	for (size_t i = 0; i < h->count; i++) {
		const struct history_scenario *s = &h->scenarios[i];
		json_t *figures = json_array(), *verdicts = json_array();
		for (size_t k = 0; k < s->figure_count; k++)
			json_array_append_new(figures, figure_json(&s->figures[k]));
		for (size_t k = 0; k < s->verdict_change_count; k++)
			json_array_append_new(verdicts, verdict_json(s->runs[s->verdict_changes[k] - 1],
								     s->runs[s->verdict_changes[k]]));
		json_array_append_new(scenarios, json_pack("{s:o, s:o, s:I, s:o, s:o}", "scenario", text_json(s->name),
							   "memory_bytes", fact_to_json(s->memory_bytes), "runs",
							   (json_int_t)s->run_count, "verdict_changes", verdicts,
							   "figures", figures));
	}
	return report_document(out,
			       json_pack("{s:i, s:I, s:o}", "schema", REPORT_JSON_SCHEMA, "left_out",
					 (json_int_t)h->left_out, "scenarios", scenarios),
			       err);
}

const struct history_format history_formats[] = {
	{ "terminal", write_terminal },
	{ "markdown", write_markdown },
	{ "json", write_json },
	{ 0 },
};

const struct history_format *history_format_find(const char *name)
{
	const struct history_format *f = history_formats;
	while (f->name != NULL && strcmp(f->name, name) != 0)
		f++;
	return f->name != NULL ? f : NULL;
}
