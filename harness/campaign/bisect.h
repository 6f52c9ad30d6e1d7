/*
 * bisect - the commit that changed what comes out, where what comes out is a coin
 * flip.  Pure: it names the commit to run next and is told whether that run
 * "hit" (did not end as expected); it runs nothing.
 *
 * First the two ends are run in turn until Fisher's exact test tells their rates
 * apart.  Then every commit of the range is a hypothesis, "the first with the
 * other rate", and its likelihood follows from all runs so far with both rates
 * integrated out, so that nothing rests on rates guessed from a few runs.  The
 * next run goes to the commit whose state is least known; the search ends when
 * one hypothesis, or a group that commits which cannot be run keep together, is
 * believed as firmly as asked.
 *
 * Life cycle: bisect_new(); while bisect_next() names a commit, run it and
 * bisect_tell() or bisect_skip(); bisect_suspects(), then .first, .last and .belief;
 * bisect_free().
 */
#ifndef OOMRIG_CAMPAIGN_BISECT_H
#define OOMRIG_CAMPAIGN_BISECT_H

#include <stdbool.h>
#include <stddef.h>

struct bisect_commit {
	size_t runs, hits;
	bool skipped;
};

enum bisect_failure { BISECT_POSSIBLE, BISECT_ENDS_ALIKE, BISECT_FLOORS_ALIKE, BISECT_END_CANNOT_RUN };

struct bisect {
	struct bisect_commit *commits; /* oldest first, both ends included */
	size_t count, runs, budget;
	double confidence;
	double *belief_of;	    /* [commit]: that it is the first of the other kind; set once the ends differ */
	size_t first, last;	    /* the commits among which it is; one: found */
	double belief;		    /* that it is one of them */
	enum bisect_failure failed; /* why nothing can be found */
};

#define BISECT_END_RUNS_MAX 25 /* of each end, to tell them apart */

/* count: commits, both ends included, at least 2; budget: runs at most. */
struct bisect *bisect_new(size_t count, double confidence, size_t budget);
void bisect_free(struct bisect *b);

/* False: found, or nothing more can be known. */
bool bisect_next(struct bisect *b, size_t *commit);
void bisect_tell(struct bisect *b, size_t commit, bool hit);
void bisect_skip(struct bisect *b, size_t commit);

/* Is there a commit, or a group of them, that may be the first of the other kind?  Not before the ends differ. */
bool bisect_suspects(const struct bisect *b);

/* The runs before .first and those from .last on, added up. */
struct bisect_commit bisect_before(const struct bisect *b);
struct bisect_commit bisect_after(const struct bisect *b);

/* From the change on a smaller share of the runs hits than before it: a fix. */
bool bisect_falls(const struct bisect *b);

#endif
