/*
 * forecast - how far a leak is from the cap: from the series of one load, how
 * much memory rises by the request, the byte and the second, and so how many of
 * them are left.  Pure.
 *
 * The first quarter of the load warms the server up and does not count.  The rest
 * is cut into eight parts of the same length; the rate of each is the rise of
 * unreclaimable memory over it by what was done in it, and the eight rates give a
 * mean with its 95 % confidence interval (batch means, Student's t).  Rates of
 * parts rather than a line through all points, because the level at one moment
 * holds all that came before: its points do not scatter independently.
 *
 * One load cannot tell a leak from a cache that is larger than the load: the
 * forecast is a condition ("if it keeps growing as it did"), and "never" lies in
 * its interval.  A pace that falls off gives none.
 *
 * There is no forecast without a cap, with fewer than FORECAST_POINTS_MIN points,
 * with several rounds (law.h says it better), or where zero lies in the interval.
 */
#ifndef OOMRIG_JUDGE_FORECAST_H
#define OOMRIG_JUDGE_FORECAST_H

#include <stdbool.h>

#include "judge/judge.h"

#define FORECAST_POINTS_MIN 24

enum forecast_unit { FORECAST_REQUESTS, FORECAST_BYTES, FORECAST_TIME, FORECAST_UNITS };

struct forecast_rate {
	bool known;
	double bytes, low, high;	    /* by the request, the byte or the nanosecond; 95 % confidence */
	double left, left_least, left_most; /* requests, bytes or ns from the end of the series until the cap */
};

struct forecast {
	bool known; /* at least one of them */
	struct forecast_rate by[FORECAST_UNITS];
};

void forecast_make(const struct facts *f, struct forecast *out);

/* Adds what is left until the cap to a verdict of a leak. */
void forecast_explain(const struct facts *f, struct verdict *v);

/* Is the verdict a leak, of which alone there is a forecast? */
bool forecast_asked(const struct verdict *v);

#endif
