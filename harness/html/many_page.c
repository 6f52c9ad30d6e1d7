#include "html/many_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html/layout.h"
#include "html/many.h"
#include "html/out.h"
#include "html/run_data.h"
#include "html/run_parts.h"
#include "html/svg.h"
#include "report/figures.h"
#include "report/repeats.h"
#include "stats/stats.h"

/* So that a page of any number of runs stays small. */
#define OVERLAID_MAX 40
#define OVERLAY_BUCKETS 150
#define EVIDENCE_RUNS_MAX 1000

static enum outcome_tone worst_tone(const struct column *c)
{
	static const int order[] = { [TONE_GOOD] = 0, [TONE_WARN] = 1, [TONE_ALARM] = 2, [TONE_BAD] = 3 };
	enum outcome_tone worst = TONE_GOOD;
	for (size_t i = 0; i < c->count; i++) {
		enum outcome_tone tone = verdict_words(c->runs[i])->tone;
		worst = order[tone] > order[worst] ? tone : worst;
	}
	return worst;
}

static size_t as_expected(const struct column *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->count; i++)
		n += c->runs[i]->as_expected;
	return n;
}

/* ---- the matrix --------------------------------------------------------- */

static void matrix_cell(FILE *out, const struct many *m, size_t row, size_t column)
{
	const struct column *c = many_cell(m, row, column);
	struct buf tally = BUF_INIT;
	if (c->count == 0) {
		fputs("<td>no runs</td>", out);
		return;
	}
	column_tally(&tally, c, ", ");
	html_put(out, "<td class=\"%t\"><a href=\"#cell-%i-%i\">%t</a>", html_tone(worst_tone(c)), row, column,
		 buf_str(&tally));
	buf_release(&tally);
	if (c->judged > 1) {
		struct interval w = stats_wilson(c->crashed, c->judged, REPEATS_CONFIDENCE);
		html_put(out, "<br><small>%d % crashed (%d\xe2\x80\x93%d %)</small>",
			 (int)lround(100.0 * (double)c->crashed / (double)c->judged), (int)lround(100 * w.lo),
			 (int)lround(100 * w.hi));
	}
	if (as_expected(c) < c->count)
		html_put(out, "<br><small>%i of %i as expected</small>", as_expected(c), c->count);
	fputs("</td>", out);
}

static void matrix(FILE *out, const struct many *m)
{
	fputs("<section aria-labelledby=\"matrix\">\n<h2 id=\"matrix\">Verdicts</h2>\n<div class=\"wide\"><table "
	      "class=\"matrix\">\n<caption>Each verdict leads to its evidence; the rate of crashes stands with its 95 "
	      "% "
	      "interval (Wilson)</caption>\n<thead><tr><th scope=\"col\">scenario</th>",
	      out);
	for (size_t k = 0; k < m->columns; k++)
		html_put(out, "<th scope=\"col\">%t</th>", m->names[k]);
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t row = 0; row < m->rows; row++) {
		html_put(out, "<tr><th scope=\"row\"><a href=\"#scenario-%i\">%t</a></th>", row, m->scenarios[row]);
		for (size_t k = 0; k < m->columns; k++)
			matrix_cell(out, m, row, k);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n</table></div>\n</section>\n", out);
}

/* ---- rates and peaks of a scenario -------------------------------------- */

static void peak_cell(FILE *out, const struct column *c, enum runs_taken taken, const char *lead)
{
	struct spread s = column_spread(c, offsetof(struct facts, peak_unreclaimable_bytes), taken);
	struct buf text = BUF_INIT;
	if (s.known > 0)
		figure_pair(&text, s.min, s.max, "\xe2\x80\x93", figure_size);
	html_put(out, "<td class=\"figure\">%t%t</td>", s.known > 0 ? lead : "",
		 s.known > 0 ? buf_str(&text) : "\xe2\x80\x93");
	buf_release(&text);
}

static void rate_row(FILE *out, const struct column *c, const char *name)
{
	struct interval w = stats_wilson(c->crashed, c->judged, REPEATS_CONFIDENCE);
	double rate = c->judged > 0 ? (double)c->crashed / (double)c->judged : NAN;
	char *title = xasprintf("crashed in %zu of %zu runs, 95 %% interval %.0f to %.0f %%", c->crashed, c->judged,
				100 * w.lo, 100 * w.hi);
	html_put(out, "<tr><th scope=\"row\">%t</th><td class=\"figure\">%i</td><td class=\"figure\">%i of %i</td><td>",
		 name, c->count, c->crashed, c->judged);
	svg_interval(
		out,
		&(struct svg_interval){
			.lo = w.lo, .hi = w.hi, .centre = rate, .from = 0, .to = 1, .colour = "c1", .title = title });
	fputs("</td>", out);
	peak_cell(out, c, RUNS_ENDED, "");
	peak_cell(out, c, RUNS_CRASHED, "\xe2\x89\xa5 ");
	fputs("</tr>\n", out);
	free(title);
}

static void rates(FILE *out, const struct many *m, size_t row)
{
	fputs("<div class=\"wide\"><table>\n<caption>Crash rates with their 95 % intervals (Wilson), and unreclaimable "
	      "peaks; "
	      "that of a killed run is a lower bound</caption>\n<thead><tr><th scope=\"col\">runs of</th><th "
	      "scope=\"col\">runs</th><th scope=\"col\">crashed</th><th scope=\"col\">0 % to 100 %</th><th "
	      "scope=\"col\">peak of those that ended</th><th scope=\"col\">of those "
	      "killed</th></tr></thead>\n<tbody>\n",
	      out);
	for (size_t k = 0; k < m->columns; k++)
		if (many_cell(m, row, k)->count > 0)
			rate_row(out, many_cell(m, row, k), m->names[k]);
	fputs("</tbody>\n</table></div>\n", out);
}

/* ---- all repeats in one picture ----------------------------------------- */

static size_t overlaid(const struct many *m, size_t row)
{
	size_t n = 0;
	for (size_t k = 0; k < m->columns; k++)
		n += many_cell(m, row, k)->count;
	return n < OVERLAID_MAX ? n : OVERLAID_MAX;
}

static void overlay_series(FILE *out, const char *table, const struct run_summary *run, const char *side, size_t column,
			   bool first)
{
	char *name = xasprintf("%s%s", side, run_crashed(run) ? ", killed: its peak is a lower bound" : "");
	html_put(out, "%t[\"%t\",\"held\",", first ? "" : ",", table);
	html_json_text(out, name);
	fprintf(out, ",%zu,\"%s\"]", column % 6 + 1, run_crashed(run) ? "censored" : "");
	free(name);
}

/* Tables first, then the series that name them. */
static void overlay_data(FILE *out, const struct many *m, size_t row, struct buf *gaps)
{
	size_t n = 0;
	fputs("{\"tables\":{", out);
	for (size_t k = 0; k < m->columns; k++)
		for (size_t i = 0; i < many_cell(m, row, k)->count && n < OVERLAID_MAX; i++, n++) {
			fprintf(out, "%s\"r%zu\":{\"columns\":[\"t\",\"held\"],\"rows\":", n > 0 ? "," : "", n);
			run_data_outline(out, many_cell(m, row, k)->runs[i], OVERLAY_BUCKETS, gaps);
			fputc('}', out);
		}
	fputs("},\"series\":[", out);
	n = 0;
	for (size_t k = 0; k < m->columns; k++)
		for (size_t i = 0; i < many_cell(m, row, k)->count && n < OVERLAID_MAX; i++, n++) {
			char table[24];
			snprintf(table, sizeof(table), "r%zu", n);
			overlay_series(out, table, many_cell(m, row, k)->runs[i], m->names[k], k, n == 0);
		}
	fputs("]}", out);
}

static void overlay(FILE *out, const struct many *m, size_t row)
{
	struct buf gaps = BUF_INIT;
	char id[32], data[32];
	size_t all = 0, n = overlaid(m, row);
	for (size_t k = 0; k < m->columns; k++)
		all += many_cell(m, row, k)->count;
	snprintf(id, sizeof(id), "overlay-%zu", row);
	snprintf(data, sizeof(data), "overlay-data-%zu", row);
	struct chart_figure chart = {
		id, data, "Unreclaimable memory of every run",
		"Dashed, with a dot at its highest: a run that was killed. It wanted more than it was "
		"given, so its peak is a lower bound.",
		"{\"unit\":\"bytes\",\"apart\":true,\"tall\":true,\"runs\":true,\"series\":[]}"
	};
	layout_chart(out, &chart);
	if (n < all)
		html_put(out, "<p class=\"note\">The first %i of %i runs are drawn.</p>\n", n, all);
	html_put(out, "<script type=\"application/json\" id=\"%t\">", data);
	overlay_data(out, m, row, &gaps);
	fputs("</script>\n", out);
	if (gaps.len > 0)
		html_put(out, "<p class=\"note\">Not all samples could be read:%t.</p>\n", buf_str(&gaps));
	buf_release(&gaps);
}

/* ---- evidence ----------------------------------------------------------- */

static void run_row(FILE *out, const struct run_summary *run)
{
	char cap[UNITS_TEXT_MAX], peak[UNITS_TEXT_MAX];
	html_put(out, "<tr id=\"run-%t\"><th scope=\"row\">%t</th><td class=\"figure\">%t</td><td>", run->id, run->id,
		 fact_known(run->memory_bytes) ? figure_size(run->memory_bytes, cap) : "no cap");
	part_badge(out, run);
	if (run->expected_count > 0 && !run->as_expected)
		fputs("<br>not as expected", out);
	html_put(out, "</td><td class=\"figure\">%t%t</td><td><details><summary>%t</summary><ul>",
		 run_crashed(run) ? "\xe2\x89\xa5 " : "", figure_size(run->facts.peak_unreclaimable_bytes, peak),
		 run->evidence_count > 0 ? run->evidence[0] : "no evidence");
	for (size_t i = 1; i < run->evidence_count; i++)
		html_put(out, "<li>%t</li>", run->evidence[i]);
	fputs("</ul></details></td></tr>\n", out);
}

static void evidence(FILE *out, const struct many *m, size_t row, size_t column, size_t *room)
{
	const struct column *c = many_cell(m, row, column);
	if (c->count == 0)
		return;
	html_put(out,
		 "<h3 id=\"cell-%i-%i\">Evidence: %t</h3>\n<div class=\"wide\"><table class=\"runs\">\n<caption>%i "
		 "run%t of %t, "
		 "%t</caption>\n<thead><tr><th scope=\"col\">run</th><th scope=\"col\">memory</th><th "
		 "scope=\"col\">verdict</th><th scope=\"col\">unreclaimable peak</th><th "
		 "scope=\"col\">evidence</th></tr></thead>\n<tbody>\n",
		 row, column, m->names[column], c->count, c->count == 1 ? "" : "s", m->scenarios[row],
		 c->runs[0]->server);
	for (size_t i = 0; i<c->count && * room> 0; i++, --*room)
		run_row(out, c->runs[i]);
	fputs("</tbody>\n</table></div>\n", out);
	if (*room == 0)
		html_put(out, "<p class=\"note\">The page holds the evidence of its first %d runs.</p>\n",
			 EVIDENCE_RUNS_MAX);
	part_reproduce(out, c->runs[0]);
}

static void scenario(FILE *out, const struct many *m, size_t row, size_t *room)
{
	const char *question = NULL;
	for (size_t k = 0; k < m->columns && question == NULL; k++)
		if (many_cell(m, row, k)->count > 0)
			question = many_cell(m, row, k)->runs[0]->question;
	html_put(out, "<section aria-labelledby=\"scenario-%i\">\n<h2 id=\"scenario-%i\">%t</h2>\n", row, row,
		 m->scenarios[row]);
	if (question != NULL && question[0] != '\0')
		html_put(out, "<p class=\"question\">%t</p>\n", question);
	rates(out, m, row);
	many_compare(out, m, row);
	many_floor(out, m, row);
	overlay(out, m, row);
	for (size_t k = 0; k < m->columns; k++)
		evidence(out, m, row, k, room);
	fputs("</section>\n", out);
}

static void damaged(FILE *out, const struct html_side *sides, size_t count)
{
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < sides[k].runs.damaged_count; i++)
			html_put(out, "<p class=\"note\">Left out: %t</p>\n", sides[k].runs.damaged[i].why);
}

void many_page_write(FILE *out, const struct html_side *sides, size_t count, enum html_by by)
{
	struct many *m = many_new(sides, count, by);
	size_t room = EVIDENCE_RUNS_MAX;
	layout_begin(out, m->rows == 1 ? m->scenarios[0] : "Runs of several scenarios");
	html_put(out,
		 "<header>\n<h1>%i run%t of %t</h1>\n<p class=\"subject\">%i of them with a verdict on the server; ",
		 m->runs, m->runs == 1 ? "" : "s", m->rows == 1 ? m->scenarios[0] : "several scenarios", m->judged);
	for (size_t k = 0; k < m->columns; k++)
		html_put(out, "%t%t", k > 0 ? ", " : "", m->names[k]);
	fputs("</p>\n</header>\n", out);
	damaged(out, sides, count);
	matrix(out, m);
	for (size_t row = 0; row < m->rows; row++)
		scenario(out, m, row, &room);
	layout_end(out);
	many_free(m);
}
