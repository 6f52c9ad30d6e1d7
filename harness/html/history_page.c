#include "html/history_page.h"

#include <errno.h>
#include <math.h>

#include "html/layout.h"
#include "html/out.h"

#define LEFT 90.0
#define WIDTH 600.0
#define TOP 12.0
#define HEIGHT 140.0
#define DOTS_MAX 400 /* beyond that, killed runs alone have one */

struct scale {
	double lo, hi; /* of the figure */
	size_t count;
};

static double x_of(const struct scale *s, double run)
{
	return LEFT + (run + 0.5) / (double)s->count * WIDTH;
}

static double y_of(const struct scale *s, double value)
{
	return TOP + (s->hi - value) / (s->hi - s->lo) * HEIGHT;
}

static struct scale scale_of(const struct history_figure *f)
{
	struct scale s = { INFINITY, -INFINITY, f->count };
	for (size_t i = 0; i < f->count; i++) {
		s.lo = fmin(s.lo, f->points[i].reading.value);
		s.hi = fmax(s.hi, f->points[i].reading.value);
	}
	double margin = fmax((s.hi - s.lo) / 10, fmax(fabs(s.hi) / 100, 1e-9));
	return (struct scale){ s.lo - margin, s.hi + margin, f->count };
}

static void draw_axes(FILE *out, const struct scale *s, const struct history_figure *f)
{
	char text[64];
	for (int i = 0; i <= 2; i++) {
		double value = s->lo + (s->hi - s->lo) * (0.1 + 0.4 * i), y = y_of(s, value);
		fprintf(out, "<path class=\"axis\" d=\"M%.0f %.1fH%.0f\"/>", LEFT, y, LEFT + WIDTH);
		fprintf(out, "<text class=\"faint\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6,
			y + 4, f->metric->format(value, text));
	}
}

/* From the run after one change to that before the next. */
static void draw_level(FILE *out, const struct scale *s, const struct level *l, size_t from)
{
	fprintf(out, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"var(--c2)\" stroke-width=\"2\"%s/>\n",
		x_of(s, (double)from - 0.5), y_of(s, l->median.lo), x_of(s, (double)(from + l->count) - 0.5),
		isinf(l->median.hi) ? " stroke-dasharray=\"6 4\"" : "");
}

static void draw_changes(FILE *out, const struct scale *s, const struct history_figure *f)
{
	for (size_t i = 0; i < f->change_count; i++) {
		const struct change *c = &f->changes[i];
		double x = x_of(s, (double)c->at - 0.5);
		fprintf(out, "<path d=\"M%.1f %.0fV%.0f\" stroke=\"var(--c1)\" stroke-dasharray=\"4 3\"/>\n", x, TOP,
			TOP + HEIGHT);
		if (i == 0)
			draw_level(out, s, &c->before, 0);
		draw_level(out, s, &c->after, c->at);
	}
}

/* A killed run wanted more: an arrow up. */
static void draw_runs(FILE *out, const struct scale *s, const struct history_figure *f)
{
	fputs("<path fill=\"none\" stroke=\"var(--c3)\" d=\"", out);
	for (size_t i = 0; i < f->count; i++)
		fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_of(s, (double)i),
			y_of(s, f->points[i].reading.value));
	fputs("\"/>\n", out);
	for (size_t i = 0; i < f->count; i++) {
		double x = x_of(s, (double)i), y = y_of(s, f->points[i].reading.value);
		if (f->points[i].reading.censored)
			fprintf(out,
				"<path fill=\"none\" stroke=\"var(--c1)\" stroke-width=\"2\" d=\"M%.1f %.1fv-9m-3 3l3 "
				"-3l3 3\"/>\n",
				x, y);
		else if (f->count <= DOTS_MAX)
			fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\" fill=\"var(--ink)\"/>\n", x, y);
	}
}

static size_t killed(const struct history_figure *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->count; i++)
		n += f->points[i].reading.censored;
	return n;
}

static const char *day_of(const struct history_point *p)
{
	const char *started = json_string_value(json_object_get(p->run->record, "started"));
	return started != NULL ? started : p->run->id; /* which begins with it */
}

static void words(FILE *out, const struct history_figure *f)
{
	struct buf b = BUF_INIT;
	buf_addf(&b, "%zu runs, from %.10s on the left to %.10s; changes of level: %zu", f->count, day_of(f->points),
		 day_of(&f->points[f->count - 1]), f->change_count);
	if (killed(f) > 0)
		buf_addf(&b, "; killed runs, with an arrow, wanted more: %zu", killed(f));
	html_put(out, "<h3>%t</h3>\n<p class=\"note\">%t.</p>\n", f->metric->name, buf_str(&b));
	buf_release(&b);
}

static void figure(FILE *out, const struct history_figure *f)
{
	struct scale s = scale_of(f);
	words(out, f);
	html_put(out,
		 "<svg class=\"trend\" role=\"img\" width=\"700\" height=\"165\" viewBox=\"0 0 700 "
		 "165\"><title>%t over %i runs</title>\n",
		 f->metric->name, f->count);
	draw_axes(out, &s, f);
	draw_runs(out, &s, f);
	draw_changes(out, &s, f);
	fputs("</svg>\n", out);
}

static void row(FILE *out, const char *what, struct buf *change, const struct run_summary *run)
{
	struct buf when = BUF_INIT;
	history_add_when(&when, run);
	html_put(out, "<tr><th scope=\"row\">%t</th><td>%t</td><td>%t</td><td>%t</td></tr>\n", what, buf_str(change),
		 buf_str(&when), run->id);
	buf_release(&when);
	buf_clear(change);
}

static void table(FILE *out, const struct history_scenario *s)
{
	struct buf b = BUF_INIT;
	fputs("<div class=\"wide\"><table>\n<caption>Changes: medians of the levels with their runs, and the 95 % "
	      "interval "
	      "of what lies between them</caption>\n<thead><tr><th scope=\"col\">figure</th><th "
	      "scope=\"col\">change</th><th scope=\"col\">since</th><th scope=\"col\">first "
	      "run</th></tr></thead>\n<tbody>\n",
	      out);
	for (size_t i = history_first_verdict(s); i < s->verdict_change_count; i++) {
		size_t at = s->verdict_changes[i];
		history_add_verdicts(&b, s->runs[at - 1], s->runs[at]);
		row(out, "verdict", &b, s->runs[at]);
	}
	for (size_t k = 0; k < s->figure_count; k++)
		for (size_t i = 0; i < s->figures[k].change_count; i++) {
			const struct change *c = &s->figures[k].changes[i];
			history_add_change(&b, s->figures[k].metric, c);
			row(out, s->figures[k].metric->name, &b, s->figures[k].points[c->at].run);
		}
	fputs("</tbody>\n</table></div>\n", out);
	buf_release(&b);
}

static void scenario(FILE *out, const struct history_scenario *s, size_t number)
{
	struct buf b = BUF_INIT;
	size_t changes = s->verdict_change_count;
	for (size_t k = 0; k < s->figure_count; k++)
		changes += s->figures[k].change_count;
	history_add_heading(&b, s);
	html_put(out, "<section aria-labelledby=\"history-%i\">\n<h2 id=\"history-%i\">%t</h2>\n", number, number,
		 buf_str(&b));
	if (changes > 0)
		table(out, s);
	else
		fputs("<p>Nothing changed.</p>\n", out);
	for (size_t k = 0; k < s->figure_count; k++)
		figure(out, &s->figures[k]);
	fputs("</section>\n", out);
	buf_release(&b);
}

static int write_page(FILE *out, const struct history *h, struct error *err)
{
	errno = 0;
	layout_begin(out, "Since when?");
	html_put(out,
		 "<header>\n<h1>Figures over the stored runs</h1>\n<p class=\"subject\">Scenarios, each under each of "
		 "its caps: "
		 "%i. Runs left out because they prove nothing: %i.</p>\n</header>\n",
		 h->count, h->left_out);
	for (size_t i = 0; i < h->count; i++)
		scenario(out, &h->scenarios[i], i);
	layout_end(out);
	if (fflush(out) != 0 || ferror(out))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the page");
	return 0;
}

const struct history_format history_page_format = { "html", write_page };
