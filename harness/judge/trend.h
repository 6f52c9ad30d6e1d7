/*
 * trend - does what stayed keep growing with work, or does it stand still?  From
 * the points of one load, or the ends of its rounds.  Pure.
 *
 * What counts is the floor: at each point the least that is held from there on,
 * the end included.  A buffer of a request in flight, garbage that is collected
 * later, a saw-tooth: none of them lifts the floor.  It is looked at by work, not
 * by time: half by the requests that ended, however they ended, half by bytes.
 *
 * The first quarter of the work warms the server up.  A floor that rises on
 * through the other three, in most of six pieces and no slower at the end, is that
 * of a leak; one that rises by less than the noise in the second half stands
 * still.  In between, and where more was in flight in the second half than ever
 * before, one load cannot tell.
 */
#ifndef OOMRIG_JUDGE_TREND_H
#define OOMRIG_JUDGE_TREND_H

#include <stdbool.h>

#include "facts/facts.h"

#define TREND_POINTS_MIN 12
#define TREND_ENDED_MIN 8	/* requests */
#define TREND_GENERATIONS_MIN 4 /* requests for each one in flight */

enum trend_kind {
	TREND_UNKNOWN,	 /* too little work, or too few points of it */
	TREND_STILL,	 /* the second half of the work added nothing */
	TREND_SLOWING,	 /* it added something, but less and less, or at once */
	TREND_IN_FLIGHT, /* it rose, and so did what was in flight at once */
	TREND_GROWS,
};

struct trend {
	enum trend_kind kind;
	double ended;			/* requests, whatever became of them */
	double first_half, second_half; /* bytes by which the floor rose */
};

/* base_bytes: the level before the load; end_bytes: what is held in the end; noise_bytes: rises below it say nothing.
 */
void trend_make(const struct facts *f, uint64_t base_bytes, uint64_t end_bytes, uint64_t noise_bytes,
		struct trend *out);

#endif
