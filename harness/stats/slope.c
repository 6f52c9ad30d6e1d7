/* A robust straight line. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "stats/stats.h"

/* By how many pairs the interval reaches to each side: the spread of Kendall's S without ties (Sen 1968, section 4). */
static double reach(size_t n, double confidence)
{
	double points = (double)n, variance = points * (points - 1) * (2 * points + 5) / 18;

	return gsl_cdf_ugaussian_Pinv((1 + confidence) / 2) * sqrt(variance);
}

struct slope stats_slope(const double *x, const double *y, size_t n, double confidence)
{
	struct slope out = { .interval = { -INFINITY, INFINITY } };
	double *slopes = xcalloc(n * n / 2 + 1, sizeof(*slopes));
	size_t pairs = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (x[j] != x[i])
				slopes[pairs++] = (y[j] - y[i]) / (x[j] - x[i]);
	if (pairs > 0) {
		gsl_sort(slopes, 1, pairs);
		out.estimate = gsl_stats_median_from_sorted_data(slopes, 1, pairs);
		double outside = ((double)pairs - reach(n, confidence)) / 2;
		if (outside >= 1)
			out.interval =
				(struct interval){ slopes[(size_t)outside - 1], slopes[pairs - (size_t)outside] };
	}
	free(slopes);
	return out;
}
