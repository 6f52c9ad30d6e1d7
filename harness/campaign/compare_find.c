/* What the runs of two sides say of each figure. */
#include "campaign/compare_find.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/units.h"
#include "campaign/floor.h"

#define CONFIDENCE 0.95
#define FLOOR_TRIALS_MIN 5 /* under fewer a curve is its prior */
#define FLOOR_STEP_PRECISION 0.02

/* The one cap all judged runs have (0: none of them has any); false when caps differ. */
static bool one_cap(const struct observations *const side[2], double *cap)
{
	bool first = true;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < side[k]->count; i++) {
			if (!side[k]->items[i].judged)
				continue;
			if (!first && side[k]->items[i].cap_bytes != *cap)
				return false;
			*cap = side[k]->items[i].cap_bytes;
			first = false;
		}
	return true;
}

static void count_hits(const struct observations *o, enum metric_id id, struct finding *f, size_t k, size_t *hits)
{
	*hits = 0;
	f->count[k] = o->judged;
	for (size_t i = 0; i < o->count; i++)
		*hits += o->items[i].known[id] && o->items[i].reading[id].value > 0;
	f->centre[k] = f->mean[k] = o->judged > 0 ? (double)*hits / (double)o->judged : NAN;
}

static void find_rates(const struct observations *const side[2], enum metric_id id, struct finding *f)
{
	double cap = 0;
	size_t hits[2];
	for (size_t k = 0; k < 2; k++)
		count_hits(side[k], id, f, k, &hits[k]);
	if (id == METRIC_CRASHES && !one_cap(side, &cap)) {
		f->why = "caps differ between the runs";
		return;
	}
	/* That nothing crashed is an answer; that nothing else went wrong needs no line. */
	if (id != METRIC_CRASHES && hits[0] + hits[1] == 0) {
		f->why = FINDING_NONE;
		return;
	}
	f->there = true;
	f->interval = stats_rate_difference(hits[0], f->count[0], hits[1], f->count[1], CONFIDENCE);
	f->estimate = (struct interval){ f->centre[1] - f->centre[0], f->centre[1] - f->centre[0] };
	f->p = stats_fisher(hits[0], f->count[0], hits[1], f->count[1]);
}

/* The search's belief after the runs of that side; NULL: they do not enclose an edge. */
static struct floor_search *floor_of(const struct observations *o, size_t *trials)
{
	double guess = 0;
	size_t died = 0;
	*trials = 0;
	for (size_t i = 0; i < o->count; i++) {
		const struct observation *item = &o->items[i];
		if (!item->judged || item->cap_bytes == 0)
			continue;
		guess += log(item->cap_bytes);
		died += !item->survived;
		(*trials)++;
	}
	if (*trials < FLOOR_TRIALS_MIN || died == 0 || died == *trials)
		return NULL;
	struct floor_options options = { .guess_bytes = units_whole(exp(guess / (double)*trials)),
					 .precision = FLOOR_STEP_PRECISION,
					 .budget = *trials };
	struct floor_search *f = floor_new(&options);
	for (size_t i = 0; i < o->count; i++)
		if (o->items[i].judged && o->items[i].cap_bytes > 0)
			floor_add(f, (uint64_t)o->items[i].cap_bytes, o->items[i].survived);
	return f;
}

static void find_floors(const struct observations *const side[2], enum metric_id id, struct finding *f)
{
	(void)id;
	struct floor_search *search[2];
	double cap;
	bool alike = one_cap(side, &cap);
	for (size_t k = 0; k < 2; k++)
		search[k] = alike ? NULL : floor_of(side[k], &f->count[k]);
	f->there = search[0] != NULL && search[1] != NULL;
	if (f->there) {
		struct floor_shift s = floor_compare(search[0], search[1]);
		for (size_t k = 0; k < 2; k++) {
			struct floor_estimate e;
			floor_estimate(search[k], &e);
			f->centre[k] = (double)e.p50.bytes;
		}
		f->estimate = (struct interval){ expm1(s.median), expm1(s.median) };
		f->interval = (struct interval){ expm1(s.lo), expm1(s.hi) };
		f->p = s.p;
	} else {
		f->why = alike ? "all runs have one cap"
			       : "a side has no edge between runs that lived and runs that died";
	}
	floor_free(search[0]);
	floor_free(search[1]);
}

static size_t collect(const struct observations *o, enum metric_id id, bool logarithm, struct reading *out,
		      size_t *censored)
{
	size_t n = 0;
	*censored = 0;
	for (size_t i = 0; i < o->count; i++) {
		if (!o->items[i].known[id])
			continue;
		out[n] = o->items[i].reading[id];
		*censored += out[n].censored;
		if (logarithm)
			out[n].value = log(out[n].value);
		n++;
	}
	return n;
}

static double mean(const struct reading *r, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += r[i].value;
	return n > 0 ? sum / (double)n : NAN;
}

/* Is the same read in all runs, and of what should be 0 is it? */
static bool says_nothing(enum metric_id id, struct reading *const r[2], const size_t count[2])
{
	double first = metrics[id].kind == METRIC_OF_GRADES && count[0] > 0 ? r[0][0].value : 0;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < count[k]; i++)
			if (r[k][i].value != first)
				return false;
	return metrics[id].correct;
}

/* The change in the figure's own unit, beside its share. */
static struct interval amount_of(const struct observations *const side[2], enum metric_id id)
{
	struct reading *r[2];
	size_t count[2], censored;
	for (size_t k = 0; k < 2; k++) {
		r[k] = xcalloc(side[k]->count + 1, sizeof(*r[k]));
		count[k] = collect(side[k], id, false, r[k], &censored);
	}
	struct interval amount = stats_shift(r[0], count[0], r[1], count[1], CONFIDENCE).interval;
	free(r[0]);
	free(r[1]);
	return amount;
}

/* Median of readings, where less than half are censored: those lie at the upper end. */
static double centre(const struct reading *r, size_t n, size_t censored)
{
	if (n == 0 || 2 * censored >= n)
		return NAN;
	double *values = xcalloc(n, sizeof(*values));
	for (size_t i = 0; i < n; i++)
		values[i] = r[i].censored ? INFINITY : r[i].value;
	double median = stats_five(values, n).median;
	free(values);
	return median;
}

static void find_figures(const struct observations *const side[2], enum metric_id id, struct finding *f)
{
	bool ratio = metrics[id].kind == METRIC_OF_RATIOS;
	struct reading *r[2];
	for (size_t k = 0; k < 2; k++) {
		r[k] = xcalloc(side[k]->count + 1, sizeof(*r[k]));
		f->count[k] = collect(side[k], id, ratio, r[k], &f->censored[k]);
		double c = centre(r[k], f->count[k], f->censored[k]);
		f->centre[k] = ratio ? exp(c) : c;
		f->mean[k] = mean(r[k], f->count[k]);
	}
	bool both = f->count[0] > 0 && f->count[1] > 0;
	f->there = both && !says_nothing(id, r, f->count);
	if (f->there) {
		struct shift s = stats_shift(r[0], f->count[0], r[1], f->count[1], CONFIDENCE);
		f->estimate = s.estimate;
		f->interval = s.interval;
		if (ratio) {
			f->estimate = (struct interval){ expm1(s.estimate.lo), expm1(s.estimate.hi) };
			f->interval = (struct interval){ expm1(s.interval.lo), expm1(s.interval.hi) };
			f->amount = amount_of(side, id);
		}
		f->p = stats_rank_test(r[0], f->count[0], r[1], f->count[1]);
	} else {
		f->why = both		   ? (metrics[id].kind == METRIC_OF_GRADES ? FINDING_ALIKE : FINDING_NONE)
			 : f->count[0] > 0 ? "no figures on the second side"
			 : f->count[1] > 0 ? "no figures on the first side"
					   : "no figures";
	}
	free(r[0]);
	free(r[1]);
}

void find_one(const struct observations *const side[2], enum metric_id id, struct finding *f)
{
	static void (*const finders[])(const struct observations *const side[2], enum metric_id id,
				       struct finding *f) = {
		[METRIC_OF_RATES] = find_rates,	   [METRIC_OF_GRADES] = find_figures,  [METRIC_OF_FLOORS] = find_floors,
		[METRIC_OF_RATIOS] = find_figures, [METRIC_OF_AMOUNTS] = find_figures,
	};
	finders[metrics[id].kind](side, id, f);
}
