#include "campaign/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "campaign/compare_find.h"

#define CONFIDENCE 0.95
#define RUNS_MIN 5 /* with fewer no exact test over the family can reject anything */
#define MIB 1048576.0
#define GRADE_MARGIN 0.5   /* less than a grade */
#define RESTART_MARGIN 0.5 /* less than one */

/* The most that any run of either side has. */
static double most_noise(const struct comparison *c)
{
	double noise = 0;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < c->side[k]->count; i++)
			noise = fmax(noise, c->side[k]->items[i].noise_bytes);
	return noise;
}

static double least_work(const struct comparison *c)
{
	double work = INFINITY;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < c->side[k]->count; i++)
			if (c->side[k]->items[i].work_bytes > 0)
				work = fmin(work, c->side[k]->items[i].work_bytes);
	return work;
}

/* In the unit of the change. */
static double margin_of(const struct comparison *c, size_t id, const struct compare_options *o)
{
	switch (metrics[id].kind) {
	case METRIC_OF_RATES:
		return o->rate_margin;
	case METRIC_OF_GRADES:
		return GRADE_MARGIN;
	case METRIC_OF_FLOORS:
	case METRIC_OF_RATIOS:
		return o->margin;
	case METRIC_OF_AMOUNTS:
		break;
	}
	return id == METRIC_FAILED     ? o->failed_margin
	       : id == METRIC_RESTARTS ? RESTART_MARGIN
	       : id == METRIC_DOWNTIME ? o->downtime_margin_ns
				       : fmax(o->growth_margin_bytes, most_noise(c) * MIB / least_work(c));
}

/* In the figure's own unit, for a change that is a share: less is the same whatever the share; 0: there is none. */
static double least_amount(const struct comparison *c, size_t id, const struct compare_options *o)
{
	return id == METRIC_PEAK ? most_noise(c) : id == METRIC_LATENCY ? o->latency_margin_ns : 0;
}

static bool lies_within(const struct interval *i, double margin)
{
	return i->lo >= -margin && i->hi <= margin;
}

static double far_end(const struct interval *i)
{
	return fmax(fabs(i->lo), fabs(i->hi));
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

static void conclude_finding(struct comparison *c, size_t id, const struct compare_options *o, size_t family)
{
	const struct metric *m = &metrics[id];
	struct finding *f = &c->findings[id];
	double margin = margin_of(c, id, o), amount = least_amount(c, id, o);
	bool above = f->interval.lo > 0, below = f->interval.hi < 0;
	if (lies_within(&f->interval, margin)) {
		f->answer = ANSWER_SAME;
		f->within = far_end(&f->interval);
	} else if (amount > 0 && lies_within(&f->amount, amount)) {
		f->answer = ANSWER_SAME;
		f->within = far_end(&f->amount);
		f->within_amount = true;
	} else if (f->p < o->alpha && (above || below)) {
		f->answer = above == m->more_is_better ? ANSWER_BETTER : ANSWER_WORSE;
	} else {
		f->answer = ANSWER_INCONCLUSIVE;
		f->leans = m->correct && f->mean[1] > f->mean[0];
		f->more = m->kind == METRIC_OF_RATES ? more_for_rates(f, o, family) : more_for_figures(f, margin);
	}
}

static enum answer answer_of(const size_t seen[4], bool leans)
{
	return seen[ANSWER_WORSE] > 0					 ? ANSWER_WORSE
	       : leans							 ? ANSWER_INCONCLUSIVE
	       : seen[ANSWER_BETTER] > 0				 ? ANSWER_BETTER
	       : seen[ANSWER_INCONCLUSIVE] > 0 || seen[ANSWER_SAME] == 0 ? ANSWER_INCONCLUSIVE
									 : ANSWER_SAME;
}

static void conclude(struct comparison *c)
{
	size_t seen[4] = { 0 };
	for (size_t i = 0; i < METRICS; i++) {
		const struct finding *f = &c->findings[i];
		if (!f->there)
			continue;
		if (f->answer == ANSWER_INCONCLUSIVE && !metrics[i].decides)
			continue; /* said in its own line */
		seen[f->answer]++;
		c->leans |= f->leans;
		if (f->answer == ANSWER_SAME && !f->within_amount && metrics[i].kind != METRIC_OF_AMOUNTS)
			c->within = fmax(c->within, f->within);
		if (f->answer == ANSWER_INCONCLUSIVE && f->more > c->more)
			c->more = f->more;
	}
	c->answer = answer_of(seen, c->leans);
}

/* Neither side proves anything: an answer would be one from silence. */
static bool prove_nothing(struct comparison *c)
{
	if (c->side[0]->judged > 0 && c->side[1]->judged > 0)
		return false;
	for (size_t i = 0; i < METRICS; i++)
		c->findings[i].why = "no run proves anything";
	c->answer = ANSWER_INCONCLUSIVE;
	c->more = RUNS_MIN;
	return true;
}

/* A test in which nothing happened on either side can reject nothing, and is no member of the family. */
static bool is_test(const struct finding *f)
{
	return f->there && f->p < 1;
}

void compare_all(struct comparison *items, size_t count, const struct compare_options *options)
{
	double *p = xcalloc(count * METRICS + 1, sizeof(*p));
	size_t family = 0;
	for (size_t n = 0; n < count; n++)
		for (size_t i = 0; !prove_nothing(&items[n]) && i < METRICS; i++) {
			find_one(items[n].side, i, &items[n].findings[i]);
			if (is_test(&items[n].findings[i]))
				p[family++] = items[n].findings[i].p;
		}
	stats_holm(p, family);
	for (size_t n = 0, k = 0; n < count; n++) {
		if (items[n].side[0]->judged == 0 || items[n].side[1]->judged == 0)
			continue;
		for (size_t i = 0; i < METRICS; i++) {
			if (is_test(&items[n].findings[i]))
				items[n].findings[i].p = p[k++];
			if (items[n].findings[i].there)
				conclude_finding(&items[n], i, options, family > 0 ? family : 1);
		}
		conclude(&items[n]);
	}
	free(p);
}

void compare(const struct observations *a, const struct observations *b, const struct compare_options *options,
	     struct comparison *out)
{
	*out = (struct comparison){ .side = { a, b } };
	compare_all(out, 1, options);
}

static void conclude_set(struct comparison_set *set)
{
	size_t seen[4] = { 0 };
	for (size_t i = 0; i < set->count; i++) {
		seen[set->items[i].answer]++;
		set->leans |= set->items[i].leans;
		if (set->items[i].more > set->more)
			set->more = set->items[i].more;
	}
	set->answer = answer_of(seen, set->leans);
}

static bool has_scenario(const struct run_list *list, const char *scenario, size_t before)
{
	for (size_t i = 0; i < list->count && i < before; i++)
		if (strcmp(list->summaries[i].scenario, scenario) == 0)
			return true;
	return false;
}

/* Those of list that other lacks: "x, y"; NULL: none. */
static char *scenarios_alone(const struct run_list *list, const struct run_list *other)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < list->count; i++) {
		const char *scenario = list->summaries[i].scenario;
		if (!has_scenario(list, scenario, i) && !has_scenario(other, scenario, SIZE_MAX))
			buf_addf(&b, "%s%s", b.len > 0 ? ", " : "", scenario);
	}
	return b.len > 0 ? buf_detach(&b) : NULL;
}

static int add_pair(struct comparison_set *set, const struct run_list lists[2], const char *scenario, struct error *err)
{
	if (compare_check_load(&lists[0], &lists[1], scenario, err) != 0)
		return -1;
	set->sides = xrealloc(set->sides, 2 * (set->count + 1) * sizeof(*set->sides));
	set->items = xrealloc(set->items, (set->count + 1) * sizeof(*set->items));
	for (size_t k = 0; k < 2; k++)
		observations_read(&set->sides[2 * set->count + k], set->names[k], &lists[k], scenario);
	set->items[set->count++] = (struct comparison){ .scenario = scenario };
	return 0;
}

/* Other names, and perhaps the same load: a scenario of each build is what a history has. */
static int add_unlike(struct comparison_set *set, const struct run_list lists[2], struct error *err)
{
	struct error loads = ERROR_INIT;
	if (add_pair(set, lists, NULL, &loads) == 0) {
		for (size_t k = 0; k < 2; k++) {
			free(set->alone[k]);
			set->alone[k] = NULL;
		}
		return 0;
	}
	return error_set(err, ERROR_INPUT,
			 "no scenario is on both sides ('%s' has %s; '%s' has %s), and %s; --scenario picks one",
			 set->names[0], set->alone[0], set->names[1], set->alone[1], loads.message);
}

int compare_set_read(struct comparison_set *set, const struct run_list lists[2], const char *const names[2],
		     const struct compare_options *options, struct error *err)
{
	int rc = 0;
	*set = (struct comparison_set){ .names = { names[0], names[1] } };
	for (size_t i = 0; rc == 0 && i < lists[0].count; i++) {
		const char *scenario = lists[0].summaries[i].scenario;
		if (!has_scenario(&lists[0], scenario, i) && has_scenario(&lists[1], scenario, SIZE_MAX))
			rc = add_pair(set, lists, scenario, err);
	}
	for (size_t k = 0; k < 2; k++)
		set->alone[k] = scenarios_alone(&lists[k], &lists[1 - k]);
	if (rc == 0 && set->count == 0)
		rc = add_unlike(set, lists, err);
	for (size_t i = 0; i < set->count; i++)
		for (size_t k = 0; k < 2; k++)
			set->items[i].side[k] = &set->sides[2 * i + k];
	if (rc == 0) {
		compare_all(set->items, set->count, options);
		conclude_set(set);
	}
	return rc;
}

void compare_set_release(struct comparison_set *set)
{
	for (size_t i = 0; i < 2 * set->count; i++)
		observations_free(&set->sides[i]);
	free(set->sides);
	free(set->items);
	free(set->alone[0]);
	free(set->alone[1]);
	*set = (struct comparison_set){ 0 };
}
