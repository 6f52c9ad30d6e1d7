#include "judge/trend.h"

#include <math.h>

/* Of the work; the first two are the warm-up's. */
#define WARM_SHARE 0.5 /* of the first half: what keeps growing with work adds as much again */
#define PIECES 8
#define WARM_UP_PIECES 2
#define LATER_PIECES (PIECES - WARM_UP_PIECES)
#define RISING_PIECES_MIN 4
#define RISING_SHARE 0.25     /* of the mean piece: below it a piece stands still */
#define LARGEST_SHARE 0.6     /* of the later rise: a piece above it is a step */
#define LAST_SHARE 0.5	      /* of the pace before it: below it the pace falls off */
#define GIVEN_BACK_SHARE 0.25 /* of what stayed */
#define MORE_IN_FLIGHT 1.25
#define STILL_DIVISOR 2 /* of the noise */
#define UNSEEN_PIECES 2 /* of work between two lows: beyond them the level may have stood anywhere */

struct curve {
	size_t count;
	double work[FACTS_POINTS_MAX], floor[FACTS_POINTS_MAX];
	double ended, in_flight_first, in_flight_second; /* the most at once in each half; 0: not known */
};

static bool known(const struct facts_point *p)
{
	return fact_known(p->unreclaimable_bytes) && fact_known(p->requests) && fact_known(p->bytes);
}

/* Records of old know those only that were answered well. */
static double ended_at(const struct facts_point *p)
{
	return (double)(fact_known(p->ended) ? p->ended.value : p->requests.value);
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

/* As a share of all work: requests and bytes for one half each, or the one that there is. */
static void measure_work(const struct facts *f, struct curve *c)
{
	const struct facts_point *last = &f->points[f->point_count - 1];
	double ended = ended_at(last), bytes = (double)last->bytes.value;
	double kinds = (ended > 0) + (bytes > 0);

	for (size_t i = 0; i < f->point_count; i++) {
		const struct facts_point *p = &f->points[i];
		c->work[i] = share(share(ended_at(p), ended) + share((double)p->bytes.value, bytes), kinds);
		double *most = c->work[i] <= 0.5 ? &c->in_flight_first : &c->in_flight_second;
		*most = fmax(*most, (double)p->in_flight.value);
	}
	c->ended = ended;
}

/*
 * What is held all through the load and given back right after it (the threads and
 * buffers of the clients) lies on top of the floor until the end.  More than a
 * quarter of what stayed is something else, garbage for one, and no part of it.
 */
static double given_back_at_once(const struct facts *f, double base, double end)
{
	double last = (double)f->points[f->point_count - 1].unreclaimable_bytes.value;

	return last > end && last - end <= (end - base) * GIVEN_BACK_SHARE ? last - end : 0;
}

/*
 * While requests lie on top, nothing is seen of the floor until the next low, and the lowest of what follows is that
 * low's: a floor that rose all along would stand in a single step.  Between two lows that are near it rises evenly.
 */
static void slope_between_lows(const struct facts *f, struct curve *c, double base, double on_top)
{
	double low_work = 0, low = base;

	for (size_t i = 0, next = 0; i < c->count; i++) {
		for (next = next > i ? next : i; next + 1 < c->count; next++)
			if (fmax((double)f->points[next].unreclaimable_bytes.value - on_top, base) <= c->floor[next])
				break;
		double gap = c->work[next] - low_work;
		if (i == next) {
			low_work = c->work[i];
			low = c->floor[i];
		} else if (gap > 0 && gap <= (double)UNSEEN_PIECES / PIECES) {
			c->floor[i] = low + (c->work[i] - low_work) / gap * (c->floor[next] - low);
		}
	}
}

static bool make_curve(const struct facts *f, double base, double end, struct curve *c)
{
	*c = (struct curve){ .count = f->point_count };
	if (f->point_count < TREND_POINTS_MIN)
		return false;
	double on_top = given_back_at_once(f, base, end), lowest = end + on_top;
	for (size_t i = f->point_count; i-- > 0;) {
		if (!known(&f->points[i]))
			return false;
		lowest = fmin(lowest, (double)f->points[i].unreclaimable_bytes.value);
		c->floor[i] = fmax(lowest - on_top, base);
	}
	measure_work(f, c);
	slope_between_lows(f, c, base, on_top);
	return true;
}

/* The floor when that share of the work was done; between two points in proportion. */
static double floor_at(const struct curve *c, double base, double end, double work)
{
	double before_work = 0, before = base;

	for (size_t i = 0; i < c->count; i++) {
		if (c->work[i] >= work) {
			double step = c->work[i] - before_work;
			double part = step > 0 ? (work - before_work) / step : 1;
			return before + part * (c->floor[i] - before);
		}
		before_work = c->work[i];
		before = c->floor[i];
	}
	return end;
}

/* Through most pieces of the work after the warm-up, in no single step, and no slower at the end? */
static bool rises_on(const double rise[PIECES])
{
	double later = 0, largest = 0, last = rise[PIECES - 2] + rise[PIECES - 1];
	size_t rising = 0;

	for (size_t i = WARM_UP_PIECES; i < PIECES; i++) {
		later += rise[i];
		largest = fmax(largest, rise[i]);
	}
	for (size_t i = WARM_UP_PIECES; i < PIECES; i++)
		rising += rise[i] > RISING_SHARE * later / LATER_PIECES;
	return later > 0 && rising >= RISING_PIECES_MIN && largest < LARGEST_SHARE * later &&
	       last / 2 >= LAST_SHARE * (later - last) / (LATER_PIECES - 2);
}

/* warm: rounds before the baseline have taken what is taken once, so the first half is no start. */
static enum trend_kind kind_of(const struct curve *c, const double rise[PIECES], const struct trend *t, double noise,
			       bool warm)
{
	double generations = c->in_flight_first + c->in_flight_second > 0
				     ? c->ended / fmax(c->in_flight_first, c->in_flight_second)
				     : c->ended;

	if (c->ended < TREND_ENDED_MIN || generations < TREND_GENERATIONS_MIN)
		return TREND_UNKNOWN;
	if (t->second_half < noise / STILL_DIVISOR)
		return TREND_STILL;
	if (c->in_flight_first > 0 && c->in_flight_second > MORE_IN_FLIGHT * c->in_flight_first + 1)
		return TREND_IN_FLIGHT;
	if (warm && t->second_half < WARM_SHARE * t->first_half)
		return TREND_SLOWING;
	return rises_on(rise) ? TREND_GROWS : TREND_SLOWING;
}

void trend_make(const struct facts *f, uint64_t base_bytes, uint64_t end_bytes, uint64_t noise_bytes, struct trend *out)
{
	double rise[PIECES], base = fmin((double)base_bytes, (double)end_bytes), end = (double)end_bytes;
	struct curve c;

	*out = (struct trend){ .kind = TREND_UNKNOWN };
	if (!make_curve(f, base, end, &c))
		return;
	double before = base;
	for (size_t i = 0; i < PIECES; i++) {
		double at = i + 1 < PIECES ? floor_at(&c, base, end, (double)(i + 1) / PIECES) : end;
		at = fmax(at, before); /* the start may have been given back meanwhile */
		rise[i] = at - before;
		before = at;
		*(i < PIECES / 2 ? &out->first_half : &out->second_half) += rise[i];
	}
	out->ended = c.ended;
	out->kind = kind_of(&c, rise, out, (double)noise_bytes,
			    fact_known(f->warm_up_rounds) && f->warm_up_rounds.value > 0);
}
