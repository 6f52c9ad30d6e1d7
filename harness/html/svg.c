#include "html/svg.h"

#include <math.h>

#include "base/units.h"
#include "html/out.h"

/* ---- an interval -------------------------------------------------------- */

#define BAR_WIDTH 260.0
#define BAR_HEIGHT 22
#define BAR_EDGE 8.0

static double at(const struct svg_interval *i, double value)
{
	double x = BAR_EDGE + (value - i->from) / (i->to - i->from) * (BAR_WIDTH - 2 * BAR_EDGE);
	return fmin(fmax(x, BAR_EDGE), BAR_WIDTH - BAR_EDGE);
}

/* The end of an interval: a stroke, or an arrow where it goes on. */
static void bar_end(FILE *out, const struct svg_interval *i, double value)
{
	double x = at(i, value), way = value < i->from ? -6 : 6;
	if (value >= i->from && value <= i->to)
		fprintf(out, "<path d=\"M%.1f 6V16\"/>", x);
	else
		fprintf(out, "<path d=\"M%.1f 6L%.1f 11L%.1f 16\"/>", x, x + way, x);
}

void svg_interval(FILE *out, const struct svg_interval *i)
{
	html_put(out,
		 "<svg class=\"interval\" role=\"img\" width=\"260\" height=\"%d\" viewBox=\"0 0 260 "
		 "%d\"><title>%t</title>",
		 BAR_HEIGHT, BAR_HEIGHT, i->title);
	fprintf(out, "<path class=\"axis\" d=\"M%.0f 11H%.0f\"/>", BAR_EDGE, BAR_WIDTH - BAR_EDGE);
	if (i->zero)
		fprintf(out, "<path class=\"zero\" d=\"M%.1f 2V20\"/>", at(i, 0));
	html_put(out, "<g fill=\"none\" stroke=\"var(--%t)\" stroke-width=\"2.5\">", i->colour);
	fprintf(out, "<path d=\"M%.1f 11H%.1f\"/>", at(i, i->lo), at(i, i->hi));
	bar_end(out, i, i->lo);
	bar_end(out, i, i->hi);
	fputs("</g>", out);
	if (!isnan(i->centre)) {
		fprintf(out, "<circle cx=\"%.1f\" cy=\"11\" r=\"4.5\"", at(i, i->centre));
		html_put(out, " fill=\"var(--%t)\"/>", i->colour);
	}
	fputs("</svg>", out);
}

/* ---- a curve of survival ------------------------------------------------ */

#define LEFT 72.0
#define WIDTH 588.0
#define TOP 24.0
#define HEIGHT 200.0
#define CURVE_POINTS 80

struct scale {
	double from, to; /* logarithms of caps */
};

static double x_of(const struct scale *s, double cap_bytes)
{
	return LEFT + (log(cap_bytes) - s->from) / (s->to - s->from) * WIDTH;
}

static double y_of(double chance)
{
	return TOP + (1 - chance) * HEIGHT;
}

static struct scale scale_of(const struct svg_survival *s)
{
	struct scale scale = { INFINITY, -INFINITY };
	for (size_t i = 0; i < s->count; i++) {
		scale.from = fmin(scale.from, log((double)s->trials[i].cap_bytes));
		scale.to = fmax(scale.to, log((double)s->trials[i].cap_bytes));
	}
	double margin = fmax(0.05, (scale.to - scale.from) / 20);
	return (struct scale){ scale.from - margin, scale.to + margin };
}

static void draw_axes(FILE *out, const struct scale *scale)
{
	char text[UNITS_TEXT_MAX];
	for (int share = 0; share <= 100; share += 50) {
		double y = y_of(share / 100.0);
		fprintf(out,
			"<path class=\"axis\" d=\"M%.0f %.1fH%.0f\"/><text class=\"faint\" x=\"%.0f\" y=\"%.1f\" "
			"text-anchor=\"end\">%d %%</text>\n",
			LEFT, y, LEFT + WIDTH, LEFT - 6, y + 4, share);
	}
	for (int i = 0; i <= 4; i++) {
		double cap = exp(scale->from + (scale->to - scale->from) * (0.06 + 0.22 * i));
		fprintf(out, "<text class=\"faint\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>\n",
			x_of(scale, cap), TOP + HEIGHT + 36, units_format_size(units_whole(cap), text));
	}
}

static void draw_point(FILE *out, const struct scale *scale, uint64_t bytes, const char *name, const char *anchor)
{
	double x = x_of(scale, (double)bytes);
	if (bytes == 0 || x < LEFT || x > LEFT + WIDTH)
		return;
	fprintf(out,
		"<path d=\"M%.1f %.0fV%.0f\" stroke=\"var(--c3)\" stroke-dasharray=\"4 3\"/>"
		"<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n",
		x, TOP, TOP + HEIGHT, x, TOP - 8, anchor, name);
}

/* How many before it had the same cap and the same fate: they would hide each other. */
static size_t like_it(const struct svg_survival *s, size_t trial)
{
	const struct svg_trial *t = &s->trials[trial];
	size_t n = 0;
	for (size_t i = 0; i < trial; i++)
		n += s->trials[i].cap_bytes == t->cap_bytes && s->trials[i].survived == t->survived;
	return n;
}

/* Circles from above: survived; crosses from below: did not. */
static void draw_trial(FILE *out, const struct scale *scale, const struct svg_trial *t, size_t before)
{
	double x = x_of(scale, (double)t->cap_bytes), from_edge = 9 + 13 * (double)(before % 7);
	if (t->survived)
		fprintf(out,
			"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"none\" stroke=\"var(--c2)\" "
			"stroke-width=\"2\"/>\n",
			x, y_of(1) + from_edge);
	else
		fprintf(out, "<path d=\"M%.1f %.1fl9 9m0 -9l-9 9\" stroke=\"var(--c1)\" stroke-width=\"2\"/>\n",
			x - 4.5, y_of(0) - from_edge - 4);
}

void svg_survival(FILE *out, const struct svg_survival *s)
{
	struct scale scale = scale_of(s);
	html_put(out,
		 "<svg class=\"survival\" role=\"img\" width=\"670\" height=\"270\" viewBox=\"0 0 670 "
		 "270\"><title>%t</title>\n",
		 s->title);
	draw_axes(out, &scale);
	draw_point(out, &scale, s->p50_bytes, "50 %", "end");
	draw_point(out, &scale, s->p95_bytes, "95 %", "start");
	fputs("<path fill=\"none\" stroke=\"var(--ink)\" stroke-width=\"2\" d=\"", out);
	for (int i = 0; i <= CURVE_POINTS; i++) {
		double cap = exp(scale.from + (scale.to - scale.from) * i / CURVE_POINTS);
		fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_of(&scale, cap),
			y_of(s->chance(s->arg, units_whole(cap))));
	}
	fputs("\"/>\n", out);
	for (size_t i = 0; i < s->count; i++)
		draw_trial(out, &scale, &s->trials[i], like_it(s, i));
	fputs("</svg>\n", out);
}
