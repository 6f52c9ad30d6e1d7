/* Comparisons on the terminal, as Markdown, as JSON: the same cells in each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "campaign/compare_find.h"
#include "campaign/compare_words.h"
#include "report/json.h"
#include "report/page.h"

#define COMPARE_SCHEMA 2 /* 1 knew one scenario, and had its findings beside the answer */

enum cell { CELL_METRIC, CELL_A, CELL_B, CELL_CHANGE, CELL_ANSWER, CELLS };

struct line {
	struct buf cells[CELLS];
	enum ink ink;
};

static const enum ink answer_inks[] = { [ANSWER_BETTER] = INK_GOOD,
					[ANSWER_WORSE] = INK_BAD,
					[ANSWER_SAME] = INK_PLAIN,
					[ANSWER_INCONCLUSIVE] = INK_WARN };

static void add_answer(struct buf *b, enum answer answer, size_t more, bool leans)
{
	if (leans)
		buf_addf(b, "looks worse, not proven: %s%zu more run%s of each side would settle it",
			 more >= COMPARE_MORE_MAX ? "more than " : "", more, more == 1 ? "" : "s");
	else if (answer == ANSWER_INCONCLUSIVE)
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
	compare_add_centre(&l->cells[CELL_A], c, id, 0);
	compare_add_centre(&l->cells[CELL_B], c, id, 1);
	compare_add_change(&l->cells[CELL_CHANGE], m, f);
	l->ink = answer_inks[f->answer];
	if (f->answer == ANSWER_SAME) {
		buf_adds(&l->cells[CELL_ANSWER], "same within ");
		compare_add_within(&l->cells[CELL_ANSWER], m, f);
	} else {
		add_answer(&l->cells[CELL_ANSWER], f->answer, f->more, f->leans);
	}
}

static void line_release(struct line *l)
{
	for (size_t i = 0; i < CELLS; i++)
		buf_release(&l->cells[i]);
}

static bool says(const struct finding *f, enum answer answer, bool leans)
{
	return f->there && f->answer == answer && f->leans == leans;
}

/*
 * "worse: throughput" or "same: crash rate within 28 points, ..."; nothing when no finding has that answer.
 * Of what is worse both sides are told: that is the reason.
 */
static void add_names(struct buf *b, const struct comparison *c, enum answer answer, bool leans)
{
	size_t named = 0;
	for (size_t i = 0; i < METRICS; i++) {
		const struct finding *f = &c->findings[i];
		if (!says(f, answer, leans))
			continue;
		buf_addf(b, "%s%s",
			 named > 0    ? ", "
			 : b->len > 0 ? "; "
				      : "",
			 named > 0		  ? ""
			 : leans		  ? "looks worse, not proven: "
			 : answer == ANSWER_WORSE ? "worse: "
						  : "");
		if (named++ == 0 && !leans && answer != ANSWER_WORSE)
			buf_addf(b, "%s: ", answer_names[answer]);
		buf_adds(b, metrics[i].name);
		if (answer == ANSWER_SAME) {
			buf_adds(b, " within ");
			compare_add_within(b, &metrics[i], f);
		} else if (answer == ANSWER_WORSE || leans) {
			buf_adds(b, " ");
			compare_add_centre(b, c, i, 0);
			buf_adds(b, " to ");
			compare_add_centre(b, c, i, 1);
		}
	}
}

static void add_reason(struct buf *b, const struct comparison *c)
{
	struct buf names = BUF_INIT;
	if (c->answer == ANSWER_SAME)
		add_names(&names, c, ANSWER_SAME, false);
	add_names(&names, c, ANSWER_WORSE, false);
	add_names(&names, c, ANSWER_INCONCLUSIVE, true);
	if (c->answer == ANSWER_INCONCLUSIVE) {
		buf_adds(&names, names.len > 0 ? "; " : "");
		add_answer(&names, c->answer, c->more, false);
	}
	add_names(&names, c, ANSWER_BETTER, false);
	buf_adds(b, buf_str(&names));
	buf_release(&names);
}

static size_t count_answer(const struct comparison_set *set, enum answer answer)
{
	size_t n = 0;
	for (size_t i = 0; i < set->count; i++)
		n += set->items[i].answer == answer;
	return n;
}

/* Of one scenario its reason; of several how many came out how, and the reason of the gravest. */
static void add_conclusion(struct buf *b, const struct comparison_set *set)
{
	struct buf reason = BUF_INIT;
	if (set->count == 1) {
		add_reason(&reason, &set->items[0]);
		text_addf(b, "%s against %s: %s.", set->names[1], set->names[0], buf_str(&reason));
		buf_release(&reason);
		return;
	}
	text_addf(b, "%s against %s: %s%s in %zu scenarios (", set->names[1], set->names[0], answer_names[set->answer],
		  set->answer == ANSWER_INCONCLUSIVE && set->leans ? ", and looks worse" : "", set->count);
	for (size_t i = ANSWER_BETTER, said = 0; i <= ANSWER_INCONCLUSIVE; i++)
		if (count_answer(set, i) > 0)
			buf_addf(b, "%s%zu %s", said++ > 0 ? ", " : "", count_answer(set, i), answer_names[i]);
	buf_addc(b, ')');
	for (size_t i = 0; i < set->count; i++) {
		const struct comparison *c = &set->items[i];
		if (c->answer != set->answer || (set->answer == ANSWER_INCONCLUSIVE && c->leans != set->leans))
			continue;
		add_reason(&reason, c);
		text_addf(b, "; in %s %s", c->scenario, buf_str(&reason));
		break;
	}
	buf_addc(b, '.');
	buf_release(&reason);
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

static bool has_line(const struct comparison *c, size_t id)
{
	const struct finding *f = &c->findings[id];
	return f->there || f->why == NULL || (strcmp(f->why, FINDING_NONE) != 0 && strcmp(f->why, FINDING_ALIKE) != 0);
}

/* What has no line of its own: "lost or wrong data, restarts: none on either side". */
static void add_silent(struct buf *b, const struct comparison *c)
{
	for (size_t i = 0; i < METRICS; i++)
		if (!has_line(c, i) && metrics[i].kind != METRIC_OF_GRADES)
			buf_addf(b, "%s%s", b->len > 0 ? ", " : "", metrics[i].name);
	if (b->len > 0)
		buf_adds(b, ": " FINDING_NONE);
}

/* All verdicts of one grade: said by their counts. */
static void add_verdicts(struct buf *b, const struct comparison *c)
{
	for (size_t k = 0; k < 2; k++) {
		buf_adds(b, k > 0 ? " and " : "verdicts: ");
		compare_add_centre(b, c, METRIC_VERDICT, k);
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

static void add_alone(struct buf *b, const struct comparison_set *set)
{
	for (size_t k = 0; k < 2; k++)
		if (set->alone[k] != NULL)
			text_addf(b, "%sOnly %s has %s.", b->len > 0 ? " " : "", set->names[k], set->alone[k]);
}

static void print_findings(struct page *p, const struct comparison *c)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < METRICS; i++) {
		struct line l;
		if (!has_line(c, i))
			continue;
		fill_line(&l, c, i);
		buf_addc(&p->text, '\n');
		page_ink(p, l.ink == INK_FAINT ? INK_FAINT : INK_STRONG, "%-20s", buf_str(&l.cells[CELL_METRIC]));
		if (c->findings[i].there) {
			page_wrap_from(p, l.ink, 20, buf_str(&l.cells[CELL_ANSWER]));
			buf_addf(&text, "%s %s %s", buf_str(&l.cells[CELL_A]), page_glyph(p, GLYPH_ARROW),
				 buf_str(&l.cells[CELL_B]));
			page_wrap(p, INK_PLAIN, "                    ", buf_str(&text));
			buf_clear(&text);
			buf_addf(&p->text, "%20s", "");
		}
		page_wrap_from(p, l.ink == INK_FAINT ? INK_FAINT : INK_PLAIN, 20, buf_str(&l.cells[CELL_CHANGE]));
		line_release(&l);
	}
	add_silent(&text, c);
	if (!has_line(c, METRIC_VERDICT)) {
		buf_adds(&text, text.len > 0 ? "; " : "");
		add_verdicts(&text, c);
	}
	if (text.len > 0) {
		buf_addc(&p->text, '\n');
		page_wrap(p, INK_FAINT, "", buf_str(&text));
	}
	if (one_after_the_other(c))
		page_wrap(p, INK_FAINT, "", one_after_the_other_note);
	buf_release(&text);
}

/* One row for each scenario: its answer, and why. */
static void print_rows(struct page *p, const struct comparison_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct comparison *c = &set->items[i];
		struct buf text = BUF_INIT;
		buf_addc(&p->text, '\n');
		page_ink(p, INK_STRONG, "%s", c->scenario);
		buf_addc(&p->text, '\n');
		add_counts(&text, c);
		page_wrap(p, INK_FAINT, "  ", buf_str(&text));
		buf_clear(&text);
		add_reason(&text, c);
		buf_addf(&p->text, "  ");
		page_ink(p, answer_inks[c->answer], "%-14s", answer_names[c->answer]);
		page_wrap_from(p, INK_PLAIN, 16, buf_str(&text));
		buf_release(&text);
	}
	page_wrap(p, INK_FAINT, "\n", "All figures of one: --scenario NAME; of all: --format markdown or json.");
}

static int write_terminal(FILE *out, const struct comparison_set *set, struct error *err)
{
	struct page p;
	struct buf text = BUF_INIT, alone = BUF_INIT;
	enum ink ink = answer_inks[set->answer] == INK_PLAIN ? INK_STRONG : answer_inks[set->answer];
	(void)err;
	page_init(&p, out);
	add_conclusion(&text, set);
	add_alone(&alone, set);
	if (set->count > 1) {
		page_wrap(&p, ink, "", buf_str(&text));
		print_rows(&p, set);
	} else {
		struct buf counts = BUF_INIT;
		add_counts(&counts, &set->items[0]);
		page_wrap(&p, INK_STRONG, "", buf_str(&counts));
		print_findings(&p, &set->items[0]);
		buf_release(&counts);
	}
	if (alone.len > 0)
		page_wrap(&p, INK_WARN, "\n", buf_str(&alone));
	buf_addc(&p.text, '\n');
	page_wrap(&p, ink, "", buf_str(&text));
	page_write(&p, out);
	buf_release(&text);
	buf_release(&alone);
	page_release(&p);
	return 0;
}

static void add_table(struct buf *text, const struct comparison *c)
{
	struct buf silent = BUF_INIT;
	add_counts(text, c);
	buf_adds(text, ".\n\n| | ");
	for (size_t k = 0; k < 2; k++) {
		text_add_markdown(text, c->side[k]->name);
		buf_adds(text, " | ");
	}
	buf_adds(text, "change (95 % interval) | answer |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < METRICS; i++) {
		struct line l;
		if (!has_line(c, i))
			continue;
		fill_line(&l, c, i);
		for (size_t k = 0; k < CELLS; k++)
			buf_addf(text, "| %s ", buf_str(&l.cells[k]));
		buf_adds(text, "|\n");
		line_release(&l);
	}
	add_silent(&silent, c);
	if (silent.len > 0)
		buf_addf(text, "\n%s.\n", buf_str(&silent));
	if (one_after_the_other(c))
		buf_addf(text, "\n%s\n", one_after_the_other_note);
	buf_release(&silent);
}

static int write_markdown(FILE *out, const struct comparison_set *set, struct error *err)
{
	struct buf text = BUF_INIT, reason = BUF_INIT;
	(void)err;
	add_conclusion(&text, set);
	buf_adds(&text, "\n\n");
	if (set->count > 1)
		buf_adds(&text, "| scenario | answer | why |\n|---|---|---|\n");
	for (size_t i = 0; set->count > 1 && i < set->count; i++) {
		buf_clear(&reason);
		add_reason(&reason, &set->items[i]);
		buf_adds(&text, "| ");
		text_add_markdown(&text, set->items[i].scenario);
		buf_addf(&text, " | %s | %s |\n", answer_names[set->items[i].answer], buf_str(&reason));
	}
	for (size_t i = 0; i < set->count; i++) {
		if (set->count > 1) {
			buf_adds(&text, "\n<details><summary>");
			text_add_markdown(&text, set->items[i].scenario);
			buf_adds(&text, "</summary>\n\n");
		}
		add_table(&text, &set->items[i]);
		buf_adds(&text, set->count > 1 ? "\n</details>\n" : "");
	}
	buf_clear(&reason);
	add_alone(&reason, set);
	if (reason.len > 0)
		buf_addf(&text, "\n%s\n", buf_str(&reason));
	fputs(buf_str(&text), out);
	buf_release(&text);
	buf_release(&reason);
	return 0;
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *pair_of(const double values[2])
{
	return json_pack("[o, o]", number(values[0]), number(values[1]));
}

static json_t *finding_json(const struct finding *f, const struct metric *m)
{
	if (!f->there)
		return json_pack("{s:s, s:n, s:s}", "metric", m->key, "answer", "why", f->why);
	const double change[] = { f->estimate.lo, f->estimate.hi }, interval[] = { f->interval.lo, f->interval.hi };
	json_t *object = json_pack("{s:s, s:s, s:b, s:[I, I], s:[I, I], s:o, s:o, s:o, s:f}", "metric", m->key,
				   "answer", answer_names[f->answer], "looks_worse", f->leans, "runs",
				   (json_int_t)f->count[0], (json_int_t)f->count[1], "censored",
				   (json_int_t)f->censored[0], (json_int_t)f->censored[1], "centre", pair_of(f->centre),
				   "change", pair_of(change), "change_interval", pair_of(interval), "p_adjusted", f->p);
	if (f->answer == ANSWER_SAME)
		json_object_set_new(object, f->within_amount ? "within_amount" : "within", json_real(f->within));
	if (f->answer == ANSWER_INCONCLUSIVE)
		json_object_set_new(object, "more_runs", json_integer((json_int_t)f->more));
	return object;
}

static json_t *comparison_json(const struct comparison *c)
{
	json_t *findings = json_array(), *sides = json_array();
	struct buf reason = BUF_INIT;
	add_reason(&reason, c);
	for (size_t i = 0; i < METRICS; i++)
		json_array_append_new(findings, finding_json(&c->findings[i], &metrics[i]));
	for (size_t k = 0; k < 2; k++)
		json_array_append_new(sides, json_pack("{s:o, s:I, s:I, s:o}", "name", text_json(c->side[k]->name),
						       "runs", (json_int_t)c->side[k]->count, "judged",
						       (json_int_t)c->side[k]->judged, "verdicts",
						       text_json(c->side[k]->verdicts ? c->side[k]->verdicts : "")));
	json_t *object = json_pack("{s:o, s:s, s:b, s:o, s:o, s:o}", "scenario",
				   c->scenario != NULL ? text_json(c->scenario) : json_null(), "answer",
				   answer_names[c->answer], "looks_worse", c->leans, "reason",
				   text_json(buf_str(&reason)), "sides", sides, "findings", findings);
	if (c->answer == ANSWER_SAME)
		json_object_set_new(object, "within", json_real(c->within));
	if (c->answer == ANSWER_INCONCLUSIVE)
		json_object_set_new(object, "more_runs", json_integer((json_int_t)c->more));
	buf_release(&reason);
	return object;
}

static json_t *set_json(const struct comparison_set *set)
{
	json_t *scenarios = json_array(), *alone = json_array();
	struct buf conclusion = BUF_INIT;
	add_conclusion(&conclusion, set);
	for (size_t i = 0; i < set->count; i++)
		json_array_append_new(scenarios, comparison_json(&set->items[i]));
	for (size_t k = 0; k < 2; k++)
		json_array_append_new(alone, set->alone[k] != NULL ? text_json(set->alone[k]) : json_null());
	json_t *compare = json_pack("{s:s, s:b, s:o, s:o, s:o}", "answer", answer_names[set->answer], "looks_worse",
				    set->leans, "conclusion", text_json(buf_str(&conclusion)), "only_on_one_side",
				    alone, "scenarios", scenarios);
	buf_release(&conclusion);
	return json_pack("{s:i, s:o}", "schema", COMPARE_SCHEMA, "compare", compare);
}

static int write_json(FILE *out, const struct comparison_set *set, struct error *err)
{
	return report_document(out, set_json(set), err);
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
