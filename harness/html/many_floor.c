/* Survival over caps: every judged run of a cell is a trial, as in a floor search. */
#include <stdlib.h>

#include "campaign/floor.h"
#include "html/many.h"
#include "html/out.h"
#include "html/svg.h"
#include "report/figures.h"

#define TRIALS_MIN 4

static double chance(const void *arg, uint64_t cap_bytes)
{
	return floor_survival(arg, cap_bytes);
}

struct trials {
	struct svg_trial *items;
	size_t count, survived;
	uint64_t guess_bytes;
	bool several; /* caps */
};

/* The search is centred on what a run without a cap took, else on the middle of the caps that were tried. */
static void collect(struct trials *t, const struct column *c)
{
	uint64_t least = UINT64_MAX, most = 0;
	t->items = xcalloc(c->count + 1, sizeof(*t->items));
	for (size_t i = 0; i < c->count; i++) {
		const struct run_summary *run = c->runs[i];
		if (!fact_known(run->memory_bytes) || run->memory_bytes.value == 0) {
			struct fact guess = floor_guess(&run->facts);
			t->guess_bytes = fact_known(guess) ? guess.value : t->guess_bytes;
			continue;
		}
		if (!run_judged(run))
			continue;
		bool survived = !run_crashed(run) && run->outcome != OUTCOME_STALLED;
		t->items[t->count++] = (struct svg_trial){ run->memory_bytes.value, survived };
		t->survived += survived;
		least = run->memory_bytes.value < least ? run->memory_bytes.value : least;
		most = run->memory_bytes.value > most ? run->memory_bytes.value : most;
	}
	t->several = least < most;
	if (t->guess_bytes == 0 && t->count > 0)
		t->guess_bytes = least / 2 + most / 2;
}

static void write_curve(FILE *out, const struct trials *t, const char *name)
{
	struct floor_options options = { t->guess_bytes, 0.05, t->count };
	struct floor_search *search = floor_new(&options);
	struct floor_estimate e;
	char p50[UNITS_TEXT_MAX], p95[UNITS_TEXT_MAX], lo[UNITS_TEXT_MAX], hi[UNITS_TEXT_MAX];
	for (size_t i = 0; i < t->count; i++)
		floor_add(search, t->items[i].cap_bytes, t->items[i].survived);
	floor_estimate(search, &e);
	html_put(out,
		 "<h3>Floor: %t</h3>\n<p>Half of the runs survive with %t (95 % interval %t to %t), 95 of 100 with %t. "
		 "%i of %i "
		 "trials survived.%t</p>\n",
		 name, units_format_size(e.p50.bytes, p50), units_format_size(e.p50.lo_bytes, lo),
		 units_format_size(e.p50.hi_bytes, hi), units_format_size(e.p95.bytes, p95), t->survived, t->count,
		 e.at_edge ? " The floor may lie outside what was tried: the figures are bounds at best." : "");
	struct svg_survival survival = { t->items,
					 t->count,
					 chance,
					 search,
					 e.p50.bytes,
					 e.p95.bytes,
					 "Survival against memory, with every trial" };
	svg_survival(out, &survival);
	fputs("<p class=\"note\">Curve: the chance to survive, as it is believed after all trials. Circle: survived. "
	      "Cross: did not. Dashed: half, and 95 of 100, survive.</p>\n",
	      out);
	floor_free(search);
}

void many_floor(FILE *out, const struct many *m, size_t row)
{
	for (size_t k = 0; k < m->columns; k++) {
		struct trials t = { 0 };
		collect(&t, many_cell(m, row, k));
		if (t.several && t.count >= TRIALS_MIN)
			write_curve(out, &t, m->names[k]);
		free(t.items);
	}
}
