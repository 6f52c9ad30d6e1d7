#include "campaign/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "campaign/floor.h"

#define CONFIDENCE 0.95
#define FLOOR_TRIALS_MIN 5 /* under fewer a curve is its prior */
#define FLOOR_STEP_PRECISION 0.02
#define RUNS_MIN 5 /* with fewer no exact test over the family can reject anything */

static const char *format_rate_of_crashes(double value, char out[64])
{
	snprintf(out, 64, "%.0f %%", 100 * value);
	return out;
}

static const char *format_bytes(double value, char out[64])
{
	return units_format_size(units_whole(value), out);
}

static const char *format_growth(double value, char out[64])
{
	char text[UNITS_TEXT_MAX];
	snprintf(out, 64, "%s%s/MiB", value < 0 ? "-" : "", units_format_size(units_whole(fabs(value)), text));
	return out;
}

static const char *format_latency(double value, char out[64])
{
	return units_format_duration(units_whole(value), out);
}

static const char *format_throughput(double value, char out[64])
{
	return units_format_rate(value, out);
}

const struct metric metrics[METRICS] = {
	[METRIC_CRASHES] = { "crash rate", "crash_rate", METRIC_OF_RATES, false, true, format_rate_of_crashes },
	[METRIC_FLOOR] = { "floor (50 %)", "floor", METRIC_OF_FLOORS, false, true, format_bytes },
	[METRIC_PEAK] = { "unreclaimable peak", "peak_unreclaimable_bytes", METRIC_OF_RATIOS, false, true,
			  format_bytes },
	[METRIC_GROWTH] = { "growth with work", "growth_bytes_per_mib", METRIC_OF_AMOUNTS, false, true, format_growth },
	[METRIC_THROUGHPUT] = { "throughput", "throughput_bytes_per_s", METRIC_OF_RATIOS, true, false,
				format_throughput },
	[METRIC_LATENCY] = { "latency (90 %)", "latency_p90_ns", METRIC_OF_RATIOS, false, false, format_latency },
};

const char *const answer_names[] = { [ANSWER_BETTER] = "better",
				     [ANSWER_WORSE] = "worse",
				     [ANSWER_SAME] = "same",
				     [ANSWER_INCONCLUSIVE] = "inconclusive" };

static double margin_of(const struct metric *m, const struct compare_options *o)
{
	return m->kind == METRIC_OF_RATES     ? o->rate_margin
	       : m->kind == METRIC_OF_AMOUNTS ? o->growth_margin_bytes
					      : o->margin;
}

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

static void count_crashes(const struct observations *o, struct finding *f, size_t k, size_t *crashed)
{
	*crashed = 0;
	f->count[k] = o->judged;
	for (size_t i = 0; i < o->count; i++)
		*crashed += o->items[i].judged && o->items[i].crashed;
	f->centre[k] = o->judged > 0 ? (double)*crashed / (double)o->judged : NAN;
}

/* Further runs of each side until these rates would be told apart, or known to be alike. */
static size_t more_for_rates(const struct finding *f, const struct compare_options *o, size_t family)
{
	size_t have = f->count[0] < f->count[1] ? f->count[0] : f->count[1];
	for (size_t n = have + 1; n <= have + COMPARE_MORE_MAX; n += n < 100 ? 1 : 10) {
		size_t a = (size_t)lround(f->centre[0] * (double)n), b = (size_t)lround(f->centre[1] * (double)n);
		struct interval d = stats_rate_difference(a, n, b, n, CONFIDENCE);
		if ((d.lo >= -o->rate_margin && d.hi <= o->rate_margin) ||
		    stats_fisher(a, n, b, n) * (double)family < o->alpha)
			return n - have;
	}
	return COMPARE_MORE_MAX;
}

static void find_crashes(const struct observations *const side[2], struct finding *f)
{
	double cap = 0;
	size_t crashed[2];
	for (size_t k = 0; k < 2; k++)
		count_crashes(side[k], f, k, &crashed[k]);
	if (!one_cap(side, &cap)) {
		f->why = "caps differ between the runs";
		return;
	}
	f->there = true;
	f->interval = stats_rate_difference(crashed[0], f->count[0], crashed[1], f->count[1], CONFIDENCE);
	f->estimate = (struct interval){ f->centre[1] - f->centre[0], f->centre[1] - f->centre[0] };
	f->p = stats_fisher(crashed[0], f->count[0], crashed[1], f->count[1]);
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

static void find_floors(const struct observations *const side[2], struct finding *f)
{
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
	}
	f->there = f->count[0] > 0 && f->count[1] > 0;
	if (f->there) {
		struct shift s = stats_shift(r[0], f->count[0], r[1], f->count[1], CONFIDENCE);
		f->estimate = s.estimate;
		f->interval = s.interval;
		if (ratio) {
			f->estimate = (struct interval){ expm1(s.estimate.lo), expm1(s.estimate.hi) };
			f->interval = (struct interval){ expm1(s.interval.lo), expm1(s.interval.hi) };
		}
		f->p = stats_rank_test(r[0], f->count[0], r[1], f->count[1]);
	} else {
		f->why = f->count[0] > 0   ? "no figures on the second side"
			 : f->count[1] > 0 ? "no figures on the first side"
					   : "no figures";
	}
	free(r[0]);
	free(r[1]);
}

/* The half width of an interval shrinks with the root of the runs. */
static size_t more_for_figures(const struct finding *f, double margin)
{
	double have = (double)(f->count[0] < f->count[1] ? f->count[0] : f->count[1]);
	double least = have < RUNS_MIN ? RUNS_MIN - have : 1;
	double middle = (f->interval.lo + f->interval.hi) / 2, half = (f->interval.hi - f->interval.lo) / 2;
	if (!isfinite(half))
		return (size_t)(have < RUNS_MIN ? least : have);
	double aim = fmax(fabs(middle), margin - fabs(middle));
	double need = have * pow(half / aim, 2) - have;
	return (size_t)fmin(COMPARE_MORE_MAX, fmax(least, ceil(need)));
}

static void conclude_finding(const struct metric *m, struct finding *f, const struct compare_options *o, size_t family)
{
	double margin = margin_of(m, o);
	bool above = f->interval.lo > 0, below = f->interval.hi < 0;
	if (f->interval.lo >= -margin && f->interval.hi <= margin) {
		f->answer = ANSWER_SAME;
		f->within = fmax(fabs(f->interval.lo), fabs(f->interval.hi));
	} else if (f->p < o->alpha && (above || below)) {
		f->answer = above == m->more_is_better ? ANSWER_BETTER : ANSWER_WORSE;
	} else {
		f->answer = ANSWER_INCONCLUSIVE;
		f->more = m->kind == METRIC_OF_RATES ? more_for_rates(f, o, family) : more_for_figures(f, margin);
	}
}

static void conclude_all(struct comparison *c)
{
	size_t seen[4] = { 0 };
	for (size_t i = 0; i < METRICS; i++) {
		const struct finding *f = &c->findings[i];
		if (!f->there)
			continue;
		if (f->answer == ANSWER_INCONCLUSIVE && !metrics[i].decides)
			continue; /* said in its own line */
		seen[f->answer]++;
		if (f->answer == ANSWER_SAME && metrics[i].kind != METRIC_OF_AMOUNTS)
			c->within = fmax(c->within, f->within);
		if (f->answer == ANSWER_INCONCLUSIVE && f->more > c->more)
			c->more = f->more;
	}
	c->answer = seen[ANSWER_WORSE] > 0				      ? ANSWER_WORSE
		    : seen[ANSWER_BETTER] > 0				      ? ANSWER_BETTER
		    : seen[ANSWER_INCONCLUSIVE] > 0 || seen[ANSWER_SAME] == 0 ? ANSWER_INCONCLUSIVE
									      : ANSWER_SAME;
}

void compare(const struct observations *a, const struct observations *b, const struct compare_options *options,
	     struct comparison *out)
{
	double p[METRICS];
	size_t family = 0;
	memset(out, 0, sizeof(*out));
	out->side[0] = a;
	out->side[1] = b;
	out->options = *options;
	if (a->judged == 0 || b->judged == 0) {
		for (size_t i = 0; i < METRICS; i++)
			out->findings[i].why = "no run proves anything";
		out->answer = ANSWER_INCONCLUSIVE;
		out->more = RUNS_MIN;
		return;
	}
	for (size_t i = 0; i < METRICS; i++) {
		struct finding *f = &out->findings[i];
		if (metrics[i].kind == METRIC_OF_RATES)
			find_crashes(out->side, f);
		else if (metrics[i].kind == METRIC_OF_FLOORS)
			find_floors(out->side, f);
		else
			find_figures(out->side, i, f);
		if (f->there)
			p[family++] = f->p;
	}
	stats_holm(p, family);
	for (size_t i = 0, k = 0; i < METRICS; i++) {
		if (!out->findings[i].there)
			continue;
		out->findings[i].p = p[k++];
		conclude_finding(&metrics[i], &out->findings[i], options, family);
	}
	conclude_all(out);
}
