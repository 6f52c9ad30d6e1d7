/* Rates and how many tests were looked at. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "stats/stats.h"

struct interval stats_wilson(size_t hits, size_t n, double confidence)
{
	if (n == 0)
		return (struct interval){ 0, 1 };
	double z = gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2), p = (double)hits / (double)n, z2n = z * z / (double)n;
	double centre = (p + z2n / 2) / (1 + z2n);
	double half = z / (1 + z2n) * sqrt(p * (1 - p) / (double)n + z2n / (4 * (double)n));
	return (struct interval){ hits == 0 ? 0 : fmax(0, centre - half), hits == n ? 1 : fmin(1, centre + half) };
}

struct interval stats_rate_difference(size_t hits_a, size_t a, size_t hits_b, size_t b, double confidence)
{
	if (a == 0 || b == 0)
		return (struct interval){ -1, 1 };
	struct interval wa = stats_wilson(hits_a, a, confidence), wb = stats_wilson(hits_b, b, confidence);
	double pa = (double)hits_a / (double)a, pb = (double)hits_b / (double)b;
	return (struct interval){ pb - pa - hypot(pb - wb.lo, wa.hi - pa), pb - pa + hypot(wb.hi - pb, pa - wa.lo) };
}

double stats_fisher(size_t hits_a, size_t a, size_t hits_b, size_t b)
{
	unsigned hits = (unsigned)(hits_a + hits_b), misses = (unsigned)(a + b) - hits, drawn = (unsigned)a;
	double seen = gsl_ran_hypergeometric_pdf((unsigned)hits_a, hits, misses, drawn);
	/* Tables as likely as this one must not be lost to rounding. */
	double limit = seen * (1 + 1e-7), p = 0;
	for (unsigned k = 0; k <= drawn && k <= hits; k++) {
		double likely = gsl_ran_hypergeometric_pdf(k, hits, misses, drawn);
		if (likely <= limit)
			p += likely;
	}
	return fmin(p, 1);
}

void stats_holm(double *p, size_t count)
{
	size_t *order = xcalloc(count, sizeof(*order));
	double floor = 0;
	gsl_sort_index(order, p, 1, count);
	for (size_t i = 0; i < count; i++) {
		floor = fmax(floor, fmin(1, p[order[i]] * (double)(count - i)));
		p[order[i]] = floor;
	}
	free(order);
}

struct five stats_five(double *values, size_t count)
{
	if (count == 0)
		return (struct five){ NAN, NAN, NAN, NAN, NAN };
	gsl_sort(values, 1, count);
	return (struct five){ values[0], gsl_stats_quantile_from_sorted_data(values, 1, count, 0.25),
			      gsl_stats_median_from_sorted_data(values, 1, count),
			      gsl_stats_quantile_from_sorted_data(values, 1, count, 0.75), values[count - 1] };
}
