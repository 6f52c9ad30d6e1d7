/* A floor on the terminal and as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fact_json.h"
#include "campaign/floor_run.h"
#include "report/figures.h"
#include "report/page.h"

#define CURVE_CELLS 24
#define CURVE_POINTS 41

static int by_cap(const void *a, const void *b)
{
	const struct floor_trial *x = a, *y = b;
	return x->cap_bytes != y->cap_bytes ? (x->cap_bytes > y->cap_bytes ? 1 : -1) : 0;
}

/* One line per cap that was tried: what came of it, and the curve there. */
static void print_curve(struct page *p, const struct floor_result *r)
{
	struct floor_trial *sorted = xcalloc(r->count + 1, sizeof(*sorted));
	memcpy(sorted, r->trials, r->count * sizeof(*sorted));
	qsort(sorted, r->count, sizeof(*sorted), by_cap);
	page_ink(p, INK_FAINT, "  %12s  %-*s  survival\n", "cap", CURVE_CELLS, "curve");
	for (size_t i = 0; i < r->count;) {
		char cap[UNITS_TEXT_MAX];
		double chance = floor_survival(r->search, sorted[i].cap_bytes);
		struct bar_part part = { GLYPH_ANON, chance >= 0.5 ? INK_GOOD : INK_BAD,
					 (uint64_t)lround(chance * 1000) };
		buf_addf(&p->text, "  %12s  ", units_format_size(sorted[i].cap_bytes, cap));
		page_bar(p, &part, 1, 1000, CURVE_CELLS);
		buf_addf(&p->text, "  %3.0f %%  ", 100 * chance);
		for (uint64_t same = sorted[i].cap_bytes; i < r->count && sorted[i].cap_bytes == same; i++)
			page_ink(p, sorted[i].survived ? INK_GOOD : INK_BAD, "%s",
				 page_glyph(p, sorted[i].survived ? GLYPH_CHECK : GLYPH_CROSS));
		buf_addc(&p->text, '\n');
	}
	free(sorted);
}

static void print_point(struct page *p, const char *share, const struct floor_point *point)
{
	char text[UNITS_TEXT_MAX];
	buf_addf(&p->text, "  %s of runs survive with  %9s   95 %% interval ", share,
		 units_format_size(point->bytes, text));
	figure_pair(&p->text, point->lo_bytes, point->hi_bytes, page_glyph(p, GLYPH_RANGE), figure_size);
	buf_addc(&p->text, '\n');
}

static void print_conclusion(struct page *p, const struct floor_result *r, const struct floor_estimate *e)
{
	struct buf words = BUF_INIT;
	if (e->at_edge)
		buf_adds(&words,
			 "The floor may lie outside what was searched, so the figures are bounds at best: what the "
			 "server takes without a cap was no guide.");
	else if (e->precise)
		buf_addf(&words, "Known to %.3g %% after %zu runs.", 100 * r->precision, r->count + 1);
	else if (r->count + 1 < r->budget)
		buf_addf(&words, "Not known to %.3g %%: the search was stopped after %zu run%s: what these have shown.",
			 100 * r->precision, r->count + 1, r->count > 0 ? "s" : "");
	else
		buf_addf(&words,
			 "Not known to %.3g %%: the budget of %zu runs is used. The edge is blurred, or was found "
			 "late; a higher --budget narrows it.",
			 100 * r->precision, r->budget);
	page_wrap(p, e->precise && !e->at_edge ? INK_STRONG : INK_WARN, "", buf_str(&words));
	buf_release(&words);
}

void floor_print(FILE *out, const struct floor_result *r)
{
	struct page p;
	struct floor_estimate e;
	char text[UNITS_TEXT_MAX];
	page_init(&p, out);
	page_ink(&p, INK_STRONG, "Floor of %s\n", r->scenario);
	buf_addf(&p.text, "  unreclaimable peak without a cap: %s", figure_size(r->uncapped_bytes, text));
	buf_addf(&p.text, "; looked for around %s\n\n", figure_size(r->guess_bytes, text));
	if (r->search != NULL) {
		floor_estimate(r->search, &e);
		print_curve(&p, r);
		buf_addc(&p.text, '\n');
		print_point(&p, "50 %", &e.p50);
		print_point(&p, "95 %", &e.p95);
		buf_addc(&p.text, '\n');
		print_conclusion(&p, r, &e);
	}
	page_write(&p, out);
	page_release(&p);
}

static json_t *bytes_json(uint64_t bytes)
{
	return fact_to_json(fact_of(bytes));
}

static json_t *run_json(const struct run_summary *run, struct fact cap_bytes)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:b}", "id", run->id, "memory_bytes", fact_to_json(cap_bytes), "outcome",
			 summary_outcome(run), "cause", run->cause, "survived", run_survived(run));
}

/* From where hardly any run lives to where hardly any dies. */
static json_t *curve_json(const struct floor_result *r, const struct floor_estimate *e)
{
	double lo = log((double)e->p50.lo_bytes) - 3 * e->spread, hi = log((double)e->p95.hi_bytes) + 3 * e->spread;
	json_t *curve = json_array();
	for (size_t i = 0; i < CURVE_POINTS; i++) {
		uint64_t cap = (uint64_t)exp(lo + (hi - lo) * (double)i / (CURVE_POINTS - 1));
		json_array_append_new(curve, json_pack("{s:o, s:f}", "memory_bytes", bytes_json(cap), "survival",
						       floor_survival(r->search, cap)));
	}
	return curve;
}

json_t *floor_json(const struct floor_result *r, const struct run_list *runs)
{
	struct floor_estimate e;
	floor_estimate(r->search, &e);
	json_t *made = json_array();
	json_array_append_new(made, run_json(&runs->summaries[r->uncapped_run], FACT_NONE));
	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(made,
				      run_json(&runs->summaries[r->trials[i].run], fact_of(r->trials[i].cap_bytes)));
	json_t *floor = json_pack("{s:s, s:o, s:o, s:[o, o], s:[o, o], s:f, s:f, s:b, s:b, s:I, s:o, s:o, s:o, s:o}",
				  "scenario", r->scenario, "p50_bytes", bytes_json(e.p50.bytes), "p95_bytes",
				  bytes_json(e.p95.bytes), "interval_bytes", bytes_json(e.p50.lo_bytes),
				  bytes_json(e.p50.hi_bytes), "p95_interval_bytes", bytes_json(e.p95.lo_bytes),
				  bytes_json(e.p95.hi_bytes), "spread", e.spread, "precision", r->precision, "precise",
				  e.precise, "at_edge", e.at_edge, "budget", (json_int_t)r->budget,
				  "uncapped_unreclaimable_bytes", fact_to_json(r->uncapped_bytes), "guess_bytes",
				  fact_to_json(r->guess_bytes), "runs", made, "curve", curve_json(r, &e));
	return json_pack("{s:i, s:o}", "schema", 1, "floor", floor);
}
