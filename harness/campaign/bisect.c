#include "campaign/bisect.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "stats/stats.h"

struct bisect *bisect_new(size_t count, double confidence, size_t budget)
{
	struct bisect *b = xcalloc(1, sizeof(*b));
	b->commits = xcalloc(count, sizeof(*b->commits));
	b->belief_of = xcalloc(count, sizeof(*b->belief_of));
	b->count = count;
	b->confidence = confidence;
	b->budget = budget;
	b->first = 1;
	b->last = count - 1;
	return b;
}

void bisect_free(struct bisect *b)
{
	if (b == NULL)
		return;
	free(b->commits);
	free(b->belief_of);
	free(b);
}

static bool ends_differ(const struct bisect *b)
{
	const struct bisect_commit *oldest = &b->commits[0], *newest = &b->commits[b->count - 1];
	return stats_fisher(oldest->hits, oldest->runs, newest->hits, newest->runs) < 1 - b->confidence;
}

/* ln of the likelihood of these runs when every rate is as likely as any other. */
static double likelihood(size_t hits, size_t runs)
{
	return gsl_sf_lnbeta((double)hits + 1, (double)(runs - hits) + 1);
}

/* What all runs so far say of each commit being the first of the other kind. */
static void believe(struct bisect *b)
{
	size_t all_hits = 0, all_runs = 0, hits = 0, runs = 0;
	double top = -INFINITY, sum = 0;
	for (size_t i = 0; i < b->count; i++) {
		all_hits += b->commits[i].hits;
		all_runs += b->commits[i].runs;
	}
	for (size_t i = 1; i < b->count; i++) {
		hits += b->commits[i - 1].hits;
		runs += b->commits[i - 1].runs;
		b->belief_of[i] = likelihood(hits, runs) + likelihood(all_hits - hits, all_runs - runs);
		top = fmax(top, b->belief_of[i]);
	}
	for (size_t i = 1; i < b->count; i++)
		sum += exp(b->belief_of[i] - top);
	for (size_t i = 1; i < b->count; i++)
		b->belief_of[i] = exp(b->belief_of[i] - top) / sum;
}

/* A commit that cannot be run keeps the hypotheses on both sides of it together. */
static void strongest_group(struct bisect *b)
{
	b->belief = 0;
	for (size_t i = 1; i < b->count;) {
		size_t end = i;
		double sum = b->belief_of[i];
		while (end < b->count - 1 && b->commits[end].skipped)
			sum += b->belief_of[++end];
		if (sum > b->belief) {
			b->belief = sum;
			b->first = i;
			b->last = end;
		}
		i = end + 1;
	}
}

/* The commit of which it is least known on which side of the change it lies. */
static size_t least_known(const struct bisect *b)
{
	double after = 0, best = INFINITY;
	size_t found = 0;
	for (size_t i = 0; i < b->count; i++) {
		after += b->belief_of[i];
		if (!b->commits[i].skipped && fabs(after - 0.5) < best) {
			best = fabs(after - 0.5);
			found = i;
		}
	}
	return found;
}

static bool next_end(struct bisect *b, size_t *commit)
{
	*commit = b->commits[0].runs <= b->commits[b->count - 1].runs ? 0 : b->count - 1;
	if (b->commits[*commit].runs < BISECT_END_RUNS_MAX)
		return true;
	b->failed = BISECT_ENDS_ALIKE;
	return false;
}

bool bisect_next(struct bisect *b, size_t *commit)
{
	if (b->failed != BISECT_POSSIBLE || b->runs >= b->budget)
		return false;
	if (b->belief_of[1] == 0 && !ends_differ(b))
		return next_end(b, commit);
	believe(b);
	strongest_group(b);
	*commit = least_known(b);
	return b->belief < b->confidence;
}

void bisect_tell(struct bisect *b, size_t commit, bool hit)
{
	b->commits[commit].runs++;
	b->commits[commit].hits += hit;
	b->runs++;
}

void bisect_skip(struct bisect *b, size_t commit)
{
	b->commits[commit].skipped = true;
	if (commit == 0 || commit == b->count - 1)
		b->failed = BISECT_END_CANNOT_RUN;
}

bool bisect_suspects(const struct bisect *b)
{
	return b->failed == BISECT_POSSIBLE && b->belief > 0;
}

static struct bisect_commit add_up(const struct bisect *b, size_t from, size_t end)
{
	struct bisect_commit sum = { 0 };
	for (size_t i = from; i < end; i++) {
		sum.runs += b->commits[i].runs;
		sum.hits += b->commits[i].hits;
	}
	return sum;
}

struct bisect_commit bisect_before(const struct bisect *b)
{
	return add_up(b, 0, b->first);
}

struct bisect_commit bisect_after(const struct bisect *b)
{
	return add_up(b, b->last, b->count);
}

bool bisect_falls(const struct bisect *b)
{
	struct bisect_commit before = bisect_before(b), after = bisect_after(b);
	return after.hits * before.runs < before.hits * after.runs;
}
