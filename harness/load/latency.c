#include "load/latency.h"

#include <gsl/gsl_histogram.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"

#define SHORTEST_NS ((double)NS_PER_US)
#define LONGEST_NS (36000.0 * (double)NS_PER_S)
#define BIN_RATIO 1.01

struct latency {
	gsl_histogram *histogram;
	uint64_t count;
	uint64_t max_ns;
};

struct latency *latency_new(void)
{
	size_t bins = (size_t)ceil(log(LONGEST_NS / SHORTEST_NS) / log(BIN_RATIO));
	double *edges = xmalloc((bins + 1) * sizeof(*edges));
	for (size_t i = 0; i <= bins; i++)
		edges[i] = SHORTEST_NS * pow(BIN_RATIO, (double)i);

	struct latency *l = xcalloc(1, sizeof(*l));
	l->histogram = gsl_histogram_alloc(bins);
	if (l->histogram == NULL)
		abort(); /* as xmalloc(): a failed small allocation is no result */
	gsl_histogram_set_ranges(l->histogram, edges, bins + 1);
	free(edges);
	return l;
}

/* Shorter and longer times count in the first and the last bin; the exact maximum is kept beside them. */
void latency_record(struct latency *l, uint64_t ns)
{
	double value = (double)ns;
	if (value < gsl_histogram_min(l->histogram))
		value = gsl_histogram_min(l->histogram);
	if (value >= gsl_histogram_max(l->histogram))
		value = nextafter(gsl_histogram_max(l->histogram), 0);
	gsl_histogram_increment(l->histogram, value);
	l->count++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

uint64_t latency_count(const struct latency *l)
{
	return l->count;
}

uint64_t latency_max_ns(const struct latency *l)
{
	return l->max_ns;
}

uint64_t latency_quantile_ns(const struct latency *l, double quantile)
{
	if (l->count == 0)
		return 0;
	double rank = ceil(quantile * (double)l->count);
	if (rank < 1)
		rank = 1;
	double seen = 0;
	size_t bins = gsl_histogram_bins(l->histogram);
	for (size_t i = 0; i < bins; i++) {
		seen += gsl_histogram_get(l->histogram, i);
		if (seen >= rank) {
			double lower, upper;
			gsl_histogram_get_range(l->histogram, i, &lower, &upper);
			return upper < (double)l->max_ns ? (uint64_t)upper : l->max_ns;
		}
	}
	return l->max_ns;
}

void latency_free(struct latency *l)
{
	if (l == NULL)
		return;
	gsl_histogram_free(l->histogram);
	free(l);
}
