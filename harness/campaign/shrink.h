/*
 * shrink - the smallest figures with which something still crashes: one after the
 * other and again, until none can be made smaller.  Pure: it sets the figures of
 * the next run and is told whether that run crashed; it runs nothing.
 *
 * Smaller figures count as crashing only when each of several runs crashed, and a
 * single run that lives ends their trial: the result is a reproduction to rely on,
 * not one that got lucky.
 *
 * Life cycle: shrink_new(), fill .figures; while shrink_next(), run with each
 * figure's .now and shrink_tell(); read .end and the figures; shrink_free().
 */
#ifndef OOMRIG_CAMPAIGN_SHRINK_H
#define OOMRIG_CAMPAIGN_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shrink_figure {
	uint64_t before;      /* as it is without the search; set by the caller, as the next two are */
	uint64_t least, unit; /* of values; unit 1: whole numbers */
	uint64_t now;	      /* of the next run */

	uint64_t crashes;   /* the least that is known to crash */
	uint64_t lives;	    /* the most that is known not to, in this round; 0: not known */
	uint64_t round_was; /* what .crashes was when this round came to it */
};

enum shrink_end {
	SHRINK_OPEN,	    /* more runs are wanted */
	SHRINK_COMPLETE,    /* none can be made smaller */
	SHRINK_BUDGET_USED, /* before that */
	SHRINK_LIVES,	    /* the figures as they were do not crash every time */
};

struct shrink_options {
	size_t confirm;	  /* runs that must all crash */
	size_t budget;	  /* runs at most */
	double precision; /* figures whose unit is not 1 are known to this share */
};

struct shrink {
	struct shrink_options options;
	struct shrink_figure *figures;
	size_t count, runs;
	enum shrink_end end;
	size_t at;	  /* the figure at hand */
	size_t confirmed; /* runs of the figures at hand that have crashed */
	bool asking;	  /* these are not decided yet */
	bool crashed;	  /* the figures as they were have crashed */
	bool changed;	  /* a figure became smaller in this round, by more than the precision */
};

struct shrink *shrink_new(size_t count, const struct shrink_options *options);
void shrink_free(struct shrink *s);

/* False: .end says why. */
bool shrink_next(struct shrink *s);
void shrink_tell(struct shrink *s, bool crashed);

#endif
