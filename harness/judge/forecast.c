#include "judge/forecast.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "judge/evidence.h"

#define PARTS 8
#define WARM_UP_DIVISOR 4
#define CONFIDENCE 0.975 /* of each side */
#define FALLS_BELOW 0.9
#define REQUESTS_SAID_MIN 100 /* fewer are better counted in bytes */

static double done_at(const struct facts_point *p, enum forecast_unit unit)
{
	const struct fact done[FORECAST_UNITS] = {
		[FORECAST_REQUESTS] = p->requests,
		[FORECAST_BYTES] = p->bytes,
		[FORECAST_TIME] = p->t_ns,
	};
	return (double)done[unit].value;
}

static bool all_known(const struct facts *f)
{
	for (size_t i = 0; i < f->point_count; i++) {
		const struct facts_point *p = &f->points[i];
		if (!fact_known(p->t_ns) || !fact_known(p->unreclaimable_bytes) || !fact_known(p->requests) ||
		    !fact_known(p->bytes))
			return false;
	}
	return true;
}

/* A pace that falls is that of something that fills: no line leads to the cap. */
static bool falls_off(const double rates[PARTS])
{
	double early = gsl_stats_mean(rates, 1, PARTS / 2), late = gsl_stats_mean(rates + PARTS / 2, 1, PARTS / 2);
	double scatter = hypot(gsl_stats_sd(rates, 1, PARTS / 2), gsl_stats_sd(rates + PARTS / 2, 1, PARTS / 2));
	double margin = gsl_cdf_tdist_Pinv(CONFIDENCE, PARTS - 2) * scatter / sqrt(PARTS / 2);

	return late < early / 2 || (late < early * FALLS_BELOW && early - late > margin);
}

static struct forecast_rate rate_of(const struct facts *f, enum forecast_unit unit)
{
	size_t first = f->point_count / WARM_UP_DIVISOR, last = f->point_count - 1;
	double rates[PARTS];

	for (size_t part = 0; part < PARTS; part++) {
		const struct facts_point *from = &f->points[first + (last - first) * part / PARTS];
		const struct facts_point *to = &f->points[first + (last - first) * (part + 1) / PARTS];
		double done = done_at(to, unit) - done_at(from, unit);
		if (done <= 0)
			return (struct forecast_rate){ .known = false };
		rates[part] = ((double)to->unreclaimable_bytes.value - (double)from->unreclaimable_bytes.value) / done;
	}
	double mean = gsl_stats_mean(rates, 1, PARTS);
	if (falls_off(rates))
		return (struct forecast_rate){ .known = false };
	double margin = gsl_cdf_tdist_Pinv(CONFIDENCE, PARTS - 1) * gsl_stats_sd(rates, 1, PARTS) / sqrt(PARTS);
	double room = (double)f->cap_in_force_bytes.value - (double)f->points[last].unreclaimable_bytes.value;
	struct forecast_rate rate = { .known = mean > margin && mean > 0 && room > 0,
				      .bytes = mean,
				      .low = mean - margin,
				      .high = mean + margin };
	rate.left = room / rate.bytes;
	rate.left_least = room / rate.high;
	rate.left_most = room / rate.low;
	return rate;
}

void forecast_make(const struct facts *f, struct forecast *out)
{
	*out = (struct forecast){ .known = false };
	if (!fact_set(f->cap_in_force_bytes) || f->point_count < FORECAST_POINTS_MIN || !all_known(f))
		return;
	for (int unit = 0; unit < FORECAST_UNITS; unit++) {
		out->by[unit] = rate_of(f, (enum forecast_unit)unit);
		out->known |= out->by[unit].known;
	}
}

bool forecast_asked(const struct verdict *v)
{
	return v->outcome == OUTCOME_GREW && v->cause != NULL && strcmp(v->cause, "leak") == 0;
}

void forecast_explain(const struct facts *f, struct verdict *v)
{
	struct forecast forecast;
	const struct forecast_rate *requests = &forecast.by[FORECAST_REQUESTS], *bytes = &forecast.by[FORECAST_BYTES],
				   *time = &forecast.by[FORECAST_TIME];
	char in_time[96] = "";

	if (!forecast_asked(v))
		return;
	forecast_make(f, &forecast);
	if (time->known)
		snprintf(in_time, sizeof(in_time), "%s (%s to %s at this pace)", TIME_TEXT(units_whole(time->left)),
			 TIME_TEXT(units_whole(time->left_least)), TIME_TEXT(units_whole(time->left_most)));
	if (requests->known && (requests->left >= REQUESTS_SAID_MIN || !bytes->known))
		evidence_add(v,
			     "if it keeps growing as it did, the cap is reached after another %.0f requests (%.0f to "
			     "%.0f; never, if it is a cache that fills)%s%s",
			     requests->left, requests->left_least, requests->left_most, time->known ? ", in " : "",
			     in_time);
	else if (bytes->known)
		evidence_add(v,
			     "if it keeps growing as it did, the cap is reached after another %s of load (%s to %s; "
			     "never, if it is a cache that fills)%s%s",
			     SIZE_TEXT(units_whole(bytes->left)), SIZE_TEXT(units_whole(bytes->left_least)),
			     SIZE_TEXT(units_whole(bytes->left_most)), time->known ? ", in " : "", in_time);
	else if (time->known)
		evidence_add(v, "if it keeps growing as it did, the cap is reached in %s", in_time);
}
