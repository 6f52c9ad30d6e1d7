/* A comparison on the terminal, as Markdown, as JSON: the same cells in each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "campaign/compare.h"
#include "report/json.h"
#include "report/page.h"

enum cell { CELL_METRIC, CELL_A, CELL_B, CELL_CHANGE, CELL_ANSWER, CELLS };

struct line {
	struct buf cells[CELLS];
	enum ink ink;
};

static const enum ink answer_inks[] = { [ANSWER_BETTER] = INK_GOOD,
					[ANSWER_WORSE] = INK_BAD,
					[ANSWER_SAME] = INK_PLAIN,
					[ANSWER_INCONCLUSIVE] = INK_WARN };

static void add_centre(struct buf *b, const struct metric *m, const struct finding *f, size_t k)
{
	char text[64];
	if (f->count[k] == 0)
		buf_adds(b, "-");
	else if (isnan(f->centre[k]))
		buf_adds(b, "killed below it");
	else
		buf_adds(b, m->format(f->centre[k], text));
	if (f->count[k] == 0)
		return;
	buf_addf(b, " (%zu", f->count[k]);
	if (f->censored[k] > 0)
		buf_addf(b, ", %zu cut by a kill", f->censored[k]);
	buf_addc(b, ')');
}

/* A share as "+12 %", points of a rate as "+12 points", an amount in its own format. */
static void add_change(struct buf *b, const struct metric *m, double value)
{
	char text[64];
	if (m->kind == METRIC_OF_AMOUNTS)
		buf_addf(b, "%s%s", value >= 0 ? "+" : "", m->format(value, text));
	else
		buf_addf(b, "%+.*f%s", fabs(value) < 0.0995 && m->kind != METRIC_OF_RATES ? 1 : 0, 100 * value,
			 m->kind == METRIC_OF_RATES ? " points" : " %");
}

/* A share cannot fall by more than all of it: that end of an interval says nothing. */
static bool is_bound(const struct metric *m, double value)
{
	return isfinite(value) && !(m->kind == METRIC_OF_RATIOS && value <= -1);
}

static void add_interval(struct buf *b, const struct metric *m, const struct interval *i)
{
	bool lo = is_bound(m, i->lo), hi = is_bound(m, i->hi);
	if (!lo && !hi) {
		buf_adds(b, "unknown");
		return;
	}
	if (lo)
		add_change(b, m, i->lo);
	buf_adds(b, lo && hi ? " to " : lo ? " or more" : "at most ");
	if (hi)
		add_change(b, m, i->hi);
}

static void add_effect(struct buf *b, const struct metric *m, const struct finding *f)
{
	if (f->estimate.lo == f->estimate.hi) {
		add_change(b, m, f->estimate.lo);
		buf_adds(b, " (");
		add_interval(b, m, &f->interval);
		buf_addc(b, ')');
	} else {
		add_interval(b, m, &f->interval);
	}
}

static void add_within(struct buf *b, const struct metric *m, double within)
{
	char text[64];
	if (m->kind == METRIC_OF_AMOUNTS)
		buf_adds(b, m->format(within, text));
	else
		buf_addf(b, "%.*f%s", within < 0.0995 && m->kind != METRIC_OF_RATES ? 1 : 0, 100 * within,
			 m->kind == METRIC_OF_RATES ? " points" : " %");
}

static void add_answer(struct buf *b, enum answer answer, size_t more)
{
	if (answer == ANSWER_INCONCLUSIVE)
		buf_addf(b, "inconclusive: %s%zu more run%s of each side would settle it",
			 more >= COMPARE_MORE_MAX ? "more than " : "", more, more == 1 ? "" : "s");
	else
		buf_adds(b, answer_names[answer]);
}

static void fill_line(struct line *l, const struct comparison *c, size_t id)
{
	const struct finding *f = &c->findings[id];
	const struct metric *m = &metrics[id];
	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < CELLS; i++)
		l->cells[i] = (struct buf)BUF_INIT;
	buf_adds(&l->cells[CELL_METRIC], m->name);
	if (!f->there) {
		l->ink = INK_FAINT;
		buf_adds(&l->cells[CELL_CHANGE], f->why);
		return;
	}
	add_centre(&l->cells[CELL_A], m, f, 0);
	add_centre(&l->cells[CELL_B], m, f, 1);
	add_effect(&l->cells[CELL_CHANGE], m, f);
	l->ink = answer_inks[f->answer];
	if (f->answer == ANSWER_SAME) {
		buf_adds(&l->cells[CELL_ANSWER], "same within ");
		add_within(&l->cells[CELL_ANSWER], m, f->within);
	} else {
		add_answer(&l->cells[CELL_ANSWER], f->answer, f->more);
	}
}

static void line_release(struct line *l)
{
	for (size_t i = 0; i < CELLS; i++)
		buf_release(&l->cells[i]);
}

/* "worse: throughput" or "same: crash rate within 28 points, ..."; nothing when no finding has that answer. */
static void add_names(struct buf *b, const struct comparison *c, enum answer answer)
{
	size_t named = 0;
	for (size_t i = 0; i < METRICS; i++) {
		const struct finding *f = &c->findings[i];
		if (!f->there || f->answer != answer)
			continue;
		if (named++ == 0)
			buf_addf(b, "%s%s: %s", b->len > 0 ? "; " : "", answer_names[answer], metrics[i].name);
		else
			buf_addf(b, ", %s", metrics[i].name);
		if (answer == ANSWER_SAME) {
			buf_adds(b, " within ");
			add_within(b, &metrics[i], f->within);
		}
	}
}

static void add_conclusion(struct buf *b, const struct comparison *c)
{
	struct buf names = BUF_INIT;
	if (c->answer == ANSWER_INCONCLUSIVE)
		add_answer(&names, c->answer, c->more);
	else if (c->answer == ANSWER_SAME)
		add_names(&names, c, ANSWER_SAME);
	add_names(&names, c, ANSWER_WORSE);
	add_names(&names, c, ANSWER_BETTER);
	text_addf(b, "%s against %s: %s.", c->side[1]->name, c->side[0]->name, buf_str(&names));
	buf_release(&names);
}

static void add_counts(struct buf *b, const struct comparison *c)
{
	for (size_t k = 0; k < 2; k++) {
		const struct observations *o = c->side[k];
		text_addf(b, "%s%s: %zu run%s", k > 0 ? ", " : "", o->name, o->judged, o->judged == 1 ? "" : "s");
		if (o->judged < o->count)
			buf_addf(b, " (%zu more that prove nothing)", o->count - o->judged);
	}
}

/* Were all runs of one side made before the first of the other? */
static bool one_after_the_other(const struct comparison *c)
{
	const struct observations *a = c->side[0], *b = c->side[1];
	return a->first != NULL && b->first != NULL && (strcmp(a->last, b->first) < 0 || strcmp(b->last, a->first) < 0);
}

static const char one_after_the_other_note[] = "The runs of one side were all made before those of the other: what "
					       "changed on the machine meanwhile is part of "
					       "throughput and latency.";

static int write_terminal(FILE *out, const struct comparison *c, struct error *err)
{
	struct page p;
	struct buf text = BUF_INIT;
	(void)err;
	page_init(&p, out);
	add_counts(&text, c);
	page_wrap(&p, INK_STRONG, "", buf_str(&text));
	for (size_t i = 0; i < METRICS; i++) {
		struct line l;
		fill_line(&l, c, i);
		buf_addc(&p.text, '\n');
		page_ink(&p, l.ink == INK_FAINT ? INK_FAINT : INK_STRONG, "%-20s", buf_str(&l.cells[CELL_METRIC]));
		if (c->findings[i].there) {
			page_wrap_from(&p, l.ink, 20, buf_str(&l.cells[CELL_ANSWER]));
			buf_addf(&p.text, "%20s%s %s %s\n%20s", "", buf_str(&l.cells[CELL_A]),
				 page_glyph(&p, GLYPH_ARROW), buf_str(&l.cells[CELL_B]), "");
		}
		page_wrap_from(&p, l.ink == INK_FAINT ? INK_FAINT : INK_PLAIN, 20, buf_str(&l.cells[CELL_CHANGE]));
		line_release(&l);
	}
	buf_clear(&text);
	add_conclusion(&text, c);
	buf_addc(&p.text, '\n');
	if (one_after_the_other(c))
		page_wrap(&p, INK_FAINT, "", one_after_the_other_note);
	page_wrap(&p, answer_inks[c->answer] == INK_PLAIN ? INK_STRONG : answer_inks[c->answer], "", buf_str(&text));
	page_write(&p, out);
	buf_release(&text);
	page_release(&p);
	return 0;
}

static int write_markdown(FILE *out, const struct comparison *c, struct error *err)
{
	struct buf text = BUF_INIT;
	(void)err;
	add_conclusion(&text, c);
	buf_adds(&text, "\n\n");
	add_counts(&text, c);
	buf_adds(&text, ".\n\n| | ");
	for (size_t k = 0; k < 2; k++) {
		text_add_markdown(&text, c->side[k]->name);
		buf_adds(&text, " | ");
	}
	buf_adds(&text, "change (95 % interval) | answer |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < METRICS; i++) {
		struct line l;
		fill_line(&l, c, i);
		for (size_t k = 0; k < CELLS; k++)
			buf_addf(&text, "| %s ", buf_str(&l.cells[k]));
		buf_adds(&text, "|\n");
		line_release(&l);
	}
	if (one_after_the_other(c))
		buf_addf(&text, "\n%s\n", one_after_the_other_note);
	fputs(buf_str(&text), out);
	buf_release(&text);
	return 0;
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *finding_json(const struct finding *f, const struct metric *m)
{
	if (!f->there)
		return json_pack("{s:s, s:n, s:s}", "metric", m->key, "answer", "why", f->why);
	json_t *object = json_pack("{s:s, s:s, s:[I, I], s:[I, I], s:[o, o], s:[o, o], s:[o, o], s:f}", "metric",
				   m->key, "answer", answer_names[f->answer], "runs", (json_int_t)f->count[0],
				   (json_int_t)f->count[1], "censored", (json_int_t)f->censored[0],
				   (json_int_t)f->censored[1], "centre", number(f->centre[0]), number(f->centre[1]),
				   "change", number(f->estimate.lo), number(f->estimate.hi), "change_interval",
				   number(f->interval.lo), number(f->interval.hi), "p_adjusted", f->p);
	if (f->answer == ANSWER_SAME)
		json_object_set_new(object, "within", json_real(f->within));
	if (f->answer == ANSWER_INCONCLUSIVE)
		json_object_set_new(object, "more_runs", json_integer((json_int_t)f->more));
	return object;
}

static json_t *comparison_json(const struct comparison *c)
{
	json_t *findings = json_array(), *sides = json_array();
	for (size_t i = 0; i < METRICS; i++)
		json_array_append_new(findings, finding_json(&c->findings[i], &metrics[i]));
	for (size_t k = 0; k < 2; k++)
		json_array_append_new(sides, json_pack("{s:o, s:I, s:I}", "name", text_json(c->side[k]->name), "runs",
						       (json_int_t)c->side[k]->count, "judged",
						       (json_int_t)c->side[k]->judged));
	json_t *compare =
		json_pack("{s:s, s:o, s:o}", "answer", answer_names[c->answer], "sides", sides, "findings", findings);
	if (c->answer == ANSWER_SAME)
		json_object_set_new(compare, "within", json_real(c->within));
	if (c->answer == ANSWER_INCONCLUSIVE)
		json_object_set_new(compare, "more_runs", json_integer((json_int_t)c->more));
	return json_pack("{s:i, s:o}", "schema", 1, "compare", compare);
}

static int write_json(FILE *out, const struct comparison *c, struct error *err)
{
	return report_document(out, comparison_json(c), err);
}

static int calibration_table(FILE *out, const struct calibration *c, struct error *err)
{
	const size_t *const counts[] = { c->same, c->different };
	(void)err;
	fprintf(out,
		"| %zu comparisons of %zu runs each | better | worse | same | inconclusive |\n|---|---|---|---|---|\n",
		c->rounds, c->runs);
	for (size_t k = 0; k < 2; k++)
		fprintf(out, "| %s | %zu | %zu | %zu | %zu |\n", k == 0 ? "A against A" : "A against B",
			counts[k][ANSWER_BETTER], counts[k][ANSWER_WORSE], counts[k][ANSWER_SAME],
			counts[k][ANSWER_INCONCLUSIVE]);
	return 0;
}

static json_t *answers_json(const size_t counts[4])
{
	json_t *object = json_object();
	for (size_t i = ANSWER_BETTER; i <= ANSWER_INCONCLUSIVE; i++)
		json_object_set_new(object, answer_names[i], json_integer((json_int_t)counts[i]));
	return object;
}

static int calibration_json(FILE *out, const struct calibration *c, struct error *err)
{
	json_t *rates = json_pack("{s:I, s:I, s:o, s:o}", "rounds", (json_int_t)c->rounds, "runs", (json_int_t)c->runs,
				  "same", answers_json(c->same), "different", answers_json(c->different));
	return report_document(out, json_pack("{s:i, s:o}", "schema", 1, "calibration", rates), err);
}

const struct compare_format compare_formats[] = {
	{ "terminal", true, write_terminal, calibration_table },
	{ "markdown", false, write_markdown, calibration_table },
	{ "json", false, write_json, calibration_json },
	{ 0 },
};

const struct compare_format *compare_format_find(const char *name)
{
	const struct compare_format *f = compare_formats;
	while (f->name != NULL && strcmp(f->name, name) != 0)
		f++;
	return f->name != NULL ? f : NULL;
}
