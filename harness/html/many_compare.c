/* How two sides differ in one scenario: the comparison's own findings, drawn around zero. */
#include <math.h>
#include <stdlib.h>

#include "campaign/compare_words.h"
#include "html/many.h"
#include "html/out.h"
#include "html/svg.h"

/* The same runs as the comparison reads them. */
static int copy_runs(struct run_list *list, const struct column *c, struct error *err)
{
	for (size_t i = 0; i < c->count; i++)
		if (run_list_add(list, json_incref((json_t *)c->runs[i]->record), err) != 0)
			return -1;
	return 0;
}

static const struct {
	const char *colour, *tone;
} answers[] = { [ANSWER_BETTER] = { "c5", "good" },
		[ANSWER_WORSE] = { "c1", "bad" },
		[ANSWER_SAME] = { "c2", "good" },
		[ANSWER_INCONCLUSIVE] = { "c3", "warn" } };

static void draw(FILE *out, const struct finding *f, const struct metric *m)
{
	double reach = 0;
	const double ends[] = { f->interval.lo, f->interval.hi, f->estimate.lo, f->estimate.hi };
	struct buf title = BUF_INIT;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (isfinite(ends[i]))
			reach = fmax(reach, fabs(ends[i]));
	buf_addf(&title, "%s: ", m->name);
	compare_add_interval(&title, m, &f->interval);
	reach = reach > 0 ? 1.1 * reach : 1;
	struct svg_interval interval = { .lo = f->interval.lo,
					 .hi = f->interval.hi,
					 .centre = f->estimate.lo == f->estimate.hi ? f->estimate.lo : NAN,
					 .from = -reach,
					 .to = reach,
					 .zero = true,
					 .colour = answers[f->answer].colour,
					 .title = buf_str(&title) };
	svg_interval(out, &interval);
	buf_release(&title);
}

static void row(FILE *out, const struct comparison *c, enum metric_id id)
{
	const struct finding *f = &c->findings[id];
	const struct metric *m = &metrics[id];
	struct buf cells[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	html_put(out, "<tr><th scope=\"row\">%t</th>", m->name);
	if (!f->there) {
		html_put(out, "<td colspan=\"5\">%t</td></tr>\n", f->why);
		return;
	}
	compare_add_centre(&cells[0], c, id, 0);
	compare_add_centre(&cells[1], c, id, 1);
	compare_add_interval(&cells[2], m, &f->interval);
	for (size_t i = 0; i < 3; i++) {
		html_put(out, "<td class=\"figure\">%t</td>", buf_str(&cells[i]));
		buf_release(&cells[i]);
	}
	fputs("<td>", out);
	draw(out, f, m);
	html_put(out, "</td><td class=\"%t\">%t</td></tr>\n", answers[f->answer].tone,
		 f->leans ? "looks worse, not proven" : answer_names[f->answer]);
}

static void write(FILE *out, const struct comparison *c, const char *const names[2])
{
	html_put(out,
		 "<h3>How they differ</h3>\n<p>%t against %t: <span class=\"badge %t\">%t</span></p>\n<div "
		 "class=\"wide\"><table>\n"
		 "<caption>Change from the first to the second, with its 95 % interval; the dot is the estimate, the "
		 "upright line no change</caption>\n<thead><tr><th scope=\"col\">figure</th><th "
		 "scope=\"col\">%t</th><th "
		 "scope=\"col\">%t</th><th scope=\"col\">change</th><th scope=\"col\">less \xe2\x86\x90 0 \xe2\x86\x92 "
		 "more</th><th scope=\"col\">answer</th></tr></thead>\n<tbody>\n",
		 names[1], names[0], answers[c->answer].tone, answer_names[c->answer], names[0], names[1]);
	for (size_t i = 0; i < METRICS; i++)
		row(out, c, i);
	fputs("</tbody>\n</table></div>\n", out);
}

static void compare_lists(FILE *out, const struct run_list lists[2], const char *const names[2])
{
	struct compare_options options = COMPARE_DEFAULTS;
	struct observations a, b;
	struct comparison c;
	observations_read(&a, names[0], &lists[0], NULL);
	observations_read(&b, names[1], &lists[1], NULL);
	compare(&a, &b, &options, &c);
	write(out, &c, names);
	observations_free(&a);
	observations_free(&b);
}

void many_compare(FILE *out, const struct many *m, size_t at)
{
	struct run_list lists[2] = { { 0 }, { 0 } };
	struct error err = ERROR_INIT;
	if (m->columns != 2 || many_cell(m, at, 0)->count == 0 || many_cell(m, at, 1)->count == 0)
		return;
	const char *const names[2] = { m->names[0], m->names[1] };
	int rc = 0;
	for (size_t k = 0; rc == 0 && k < 2; k++)
		rc = copy_runs(&lists[k], many_cell(m, at, k), &err);
	if (rc == 0 && (rc = compare_check_load(&lists[0], &lists[1], NULL, &err)) == 0)
		compare_lists(out, lists, names);
	if (rc != 0)
		html_put(out, "<p class=\"note\">Not compared: %t.</p>\n", err.message);
	run_list_release(&lists[0]);
	run_list_release(&lists[1]);
}
