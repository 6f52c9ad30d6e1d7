/* The cells of a finding in words, the same in every format. */
#include "campaign/compare_words.h"

#include <math.h>

#include "base/text.h"

void compare_add_centre(struct buf *b, const struct comparison *c, enum metric_id id, size_t k)
{
	const struct metric *m = &metrics[id];
	const struct finding *f = &c->findings[id];
	char text[64];
	if (m->kind == METRIC_OF_GRADES) {
		text_addf(b, "%s", c->side[k]->verdicts != NULL ? c->side[k]->verdicts : "-");
		return;
	}
	if (f->count[k] == 0)
		buf_adds(b, "-");
	else if (isnan(f->centre[k]))
		buf_adds(b, "killed below it");
	else
		buf_adds(b, m->format(f->centre[k], text));
	if (f->count[k] == 0)
		return;
	buf_addf(b, " (%zu", f->count[k]);
	if (f->censored[k] > 0)
		buf_addf(b, ", %zu cut by a kill", f->censored[k]);
	buf_addc(b, ')');
}

/* A share as "+12 %", points of a rate as "+12 points", an amount in its own format. */
static void add_change(struct buf *b, const struct metric *m, double value)
{
	char text[64];
	if (m->kind == METRIC_OF_GRADES)
		buf_addf(b, "%+.3g of 5 grades", value);
	else if (m->kind == METRIC_OF_AMOUNTS)
		buf_addf(b, "%s%s", value >= 0 ? "+" : "", m->format(value, text));
	else
		buf_addf(b, "%+.*f%s", fabs(value) < 0.0995 && m->kind != METRIC_OF_RATES ? 1 : 0, 100 * value,
			 m->kind == METRIC_OF_RATES ? " points" : " %");
}

/* A share cannot fall by more than all of it: that end of an interval says nothing. */
static bool is_bound(const struct metric *m, double value)
{
	return isfinite(value) && !(m->kind == METRIC_OF_RATIOS && value <= -1);
}

void compare_add_interval(struct buf *b, const struct metric *m, const struct interval *i)
{
	bool lo = is_bound(m, i->lo), hi = is_bound(m, i->hi);
	if (!lo && !hi) {
		buf_adds(b, "unknown");
		return;
	}
	if (lo)
		add_change(b, m, i->lo);
	buf_adds(b, lo && hi ? " to " : lo ? " or more" : "at most ");
	if (hi)
		add_change(b, m, i->hi);
}

void compare_add_change(struct buf *b, const struct metric *m, const struct finding *f)
{
	if (f->estimate.lo == f->estimate.hi) {
		add_change(b, m, f->estimate.lo);
		buf_adds(b, " (");
		compare_add_interval(b, m, &f->interval);
		buf_addc(b, ')');
	} else {
		compare_add_interval(b, m, &f->interval);
	}
}

void compare_add_within(struct buf *b, const struct metric *m, const struct finding *f)
{
	char text[64];
	double within = f->within;
	if (m->kind == METRIC_OF_GRADES)
		buf_adds(b, "a grade");
	else if (m->kind == METRIC_OF_AMOUNTS || f->within_amount)
		buf_adds(b, m->format(within, text));
	else
		buf_addf(b, "%.*f%s", within < 0.0995 && m->kind != METRIC_OF_RATES ? 1 : 0, 100 * within,
			 m->kind == METRIC_OF_RATES ? " points" : " %");
}
