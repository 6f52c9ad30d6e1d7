#include "campaign/floor.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"

#define PAGE_BYTES 4096
#define RANGE_DOWN 16.0 /* the floor is looked for between guess/16 and guess*8 */
#define RANGE_UP 8.0
#define STEPS_PER_PRECISION 5.0
#define SPREADS 10
#define SPREAD_MIN 0.001 /* of the logistic, in ln(bytes): as good as a step */
#define SPREAD_MAX 0.25	 /* an edge that blurs over a factor of four */
#define GUESS_SD 0.35	 /* in ln(bytes): how far the first guess is trusted ... */
#define GUESS_WEIGHT 0.9 /* ... and how much */
#define SPREAD_PRIOR                                                                                                   \
	-0.1	    /* power of the spread its weight begins with: most edges are sharp, and more runs than a          \
		     * budget holds would be needed to rule a blurred one out */
#define LAPSE 0.002 /* a run that ends against all odds must not overturn the rest */
#define LOGIT_95 2.9444389791664403 /* ln(0.95 / 0.05) */
#define CANDIDATES 40
#define NEGLIGIBLE 1e-6	 /* too unlikely to matter for the choice of a cap ... */
#define IMPOSSIBLE 1e-15 /* ... and for anything */
#define TAIL 0.025

struct floor_search {
	struct floor_options options;
	double low, step; /* ln(bytes) of the first middle of the grid, distance of two */
	size_t middles;
	double spreads[SPREADS];
	double *weight;	  /* [middle * SPREADS + spread], sums to 1 */
	double *survival; /* [(distance in steps + middles) * SPREADS + spread] */
	size_t trials, survived;
};

struct fact floor_guess(const struct facts *f)
{
	struct fact least = fact_add(f->peak_anon_bytes, f->peak_shmem_bytes), peak = f->peak_unreclaimable_bytes;
	if (!fact_known(peak) || !fact_known(least) || !fact_known(f->settled_unreclaimable_bytes) ||
	    !fact_known(f->squeezed_unreclaimable_bytes) ||
	    f->settled_unreclaimable_bytes.value <= f->squeezed_unreclaimable_bytes.value)
		return peak;
	uint64_t given_back = f->settled_unreclaimable_bytes.value - f->squeezed_unreclaimable_bytes.value;
	return peak.value > least.value + given_back ? fact_of(peak.value - given_back) : least;
}

static double survival(double distance, double spread)
{
	return LAPSE + (1 - 2 * LAPSE) / (1 + exp(-distance / spread));
}

static double middle_at(const struct floor_search *f, size_t i)
{
	return f->low + (double)i * f->step;
}

static void normalise(struct floor_search *f)
{
	double sum = 0;
	for (size_t i = 0; i < f->middles * SPREADS; i++)
		sum += f->weight[i];
	for (size_t i = 0; i < f->middles * SPREADS; i++)
		f->weight[i] = f->weight[i] / sum > IMPOSSIBLE ? f->weight[i] / sum : 0;
}

struct floor_search *floor_new(const struct floor_options *options)
{
	struct floor_search *f = xcalloc(1, sizeof(*f));
	double guess = log((double)options->guess_bytes);
	f->options = *options;
	f->step = options->precision / STEPS_PER_PRECISION;
	f->low = guess - log(RANGE_DOWN);
	f->middles = (size_t)(log(RANGE_DOWN * RANGE_UP) / f->step) + 1;
	f->weight = xcalloc(f->middles * SPREADS, sizeof(*f->weight));
	f->survival = xcalloc((2 * f->middles + 1) * SPREADS, sizeof(*f->survival));
	for (size_t s = 0; s < SPREADS; s++)
		f->spreads[s] = SPREAD_MIN * pow(SPREAD_MAX / SPREAD_MIN, (double)s / (SPREADS - 1));
	for (size_t i = 0; i < f->middles; i++) {
		double off = (middle_at(f, i) - guess) / GUESS_SD;
		double near = exp(-off * off / 2) * f->step / (GUESS_SD * sqrt(2 * M_PI));
		for (size_t s = 0; s < SPREADS; s++)
			f->weight[i * SPREADS + s] = pow(f->spreads[s], SPREAD_PRIOR) *
						     (GUESS_WEIGHT * near + (1 - GUESS_WEIGHT) / (double)f->middles);
	}
	for (size_t i = 0; i <= 2 * f->middles; i++)
		for (size_t s = 0; s < SPREADS; s++)
			f->survival[i * SPREADS + s] =
				survival(((double)i - (double)f->middles) * f->step, f->spreads[s]);
	normalise(f);
	return f;
}

void floor_free(struct floor_search *f)
{
	if (f == NULL)
		return;
	free(f->weight);
	free(f->survival);
	free(f);
}

void floor_add(struct floor_search *f, uint64_t cap_bytes, bool survived)
{
	double cap = log((double)cap_bytes);
	for (size_t i = 0; i < f->middles * SPREADS; i++) {
		if (f->weight[i] == 0)
			continue;
		double p = survival(cap - middle_at(f, i / SPREADS), f->spreads[i % SPREADS]);
		f->weight[i] *= survived ? p : 1 - p;
	}
	normalise(f);
	f->trials++;
	f->survived += survived;
}

/* ln(bytes) below which a part of the belief about a point of the curve lies; logit 0: the 50 % point. */
static void quantiles(const struct floor_search *f, double logit, double out[3])
{
	static const double parts[3] = { TAIL, 0.5, 1 - TAIL };
	size_t extra = (size_t)(LOGIT_95 * SPREAD_MAX / f->step) + 2, bins = f->middles + extra;
	double *bin = xcalloc(bins, sizeof(*bin)), sum = 0;
	for (size_t i = 0; i < f->middles; i++)
		for (size_t s = 0; s < SPREADS; s++)
			bin[i + (size_t)lround(logit * f->spreads[s] / f->step)] += f->weight[i * SPREADS + s];
	for (size_t i = 0, k = 0; i < bins && k < 3; i++) {
		/* Belief is spread evenly over a bin, which reaches half a step to both sides. */
		while (k < 3 && bin[i] > 0 && sum + bin[i] >= parts[k]) {
			out[k] = middle_at(f, i) + f->step * ((parts[k] - sum) / bin[i] - 0.5);
			k++;
		}
		sum += bin[i];
	}
	free(bin);
}

static struct floor_point point(const double q[3])
{
	return (struct floor_point){ .bytes = (uint64_t)exp(q[1]),
				     .lo_bytes = (uint64_t)exp(q[0]),
				     .hi_bytes = (uint64_t)exp(q[2]) };
}

void floor_estimate(const struct floor_search *f, struct floor_estimate *out)
{
	double half[3], most[3], top = middle_at(f, f->middles - 1), mean = 0;
	quantiles(f, 0, half);
	quantiles(f, LOGIT_95, most);
	for (size_t i = 0; i < f->middles * SPREADS; i++)
		mean += f->weight[i] * f->spreads[i % SPREADS];
	*out = (struct floor_estimate){
		.p50 = point(half),
		.p95 = point(most),
		.spread = mean,
		.precise = fmax(half[2] - half[0], most[2] - most[0]) <= 2 * f->options.precision,
		.at_edge = half[0] <= f->low + 2 * f->step || half[2] >= top - 2 * f->step,
		.trials = f->trials,
		.survived = f->survived,
	};
}

double floor_survival(const struct floor_search *f, uint64_t cap_bytes)
{
	double cap = log((double)cap_bytes), p = 0;
	for (size_t i = 0; i < f->middles; i++)
		for (size_t s = 0; s < SPREADS; s++)
			p += f->weight[i * SPREADS + s] * survival(cap - middle_at(f, i), f->spreads[s]);
	return p;
}

struct moments {
	double weight, first, second; /* sums */
};

static double variance(const struct moments *m)
{
	return m->weight > 0 ? m->second - m->first * m->first / m->weight : 0;
}

static void moments_add(struct moments *m, double weight, double x)
{
	m->weight += weight;
	m->first += weight * x;
	m->second += weight * x * x;
}

/* What is expected to remain unknown of both points after a trial at that middle of the grid. */
static double expected_variance(const struct floor_search *f, size_t candidate, const size_t *cells, size_t count)
{
	struct moments half[2] = { { 0 } }, most[2] = { { 0 } }; /* by died, survived */
	for (size_t k = 0; k < count; k++) {
		size_t i = cells[k] / SPREADS, s = cells[k] % SPREADS;
		double w = f->weight[cells[k]], x = (double)i * f->step, far = x + LOGIT_95 * f->spreads[s];
		double p = f->survival[(candidate + f->middles - i) * SPREADS + s];
		moments_add(&half[0], w * (1 - p), x);
		moments_add(&half[1], w * p, x);
		moments_add(&most[0], w * (1 - p), far);
		moments_add(&most[1], w * p, far);
	}
	return variance(&half[0]) + variance(&half[1]) + variance(&most[0]) + variance(&most[1]);
}

/* Middles between which the curve is believed to rise. */
static void candidates(const struct floor_search *f, size_t *first, size_t *last)
{
	double half[3], most[3];
	quantiles(f, 0, half);
	quantiles(f, LOGIT_95, most);
	double lo = (half[0] - f->low) / f->step - 2, hi = (most[2] - f->low) / f->step + 2;
	*first = lo > 0 ? (size_t)lo : 0;
	*last = fmin(hi, (double)(f->middles - 1));
}

bool floor_next(struct floor_search *f, uint64_t *cap_bytes)
{
	struct floor_estimate e;
	floor_estimate(f, &e);
	if (e.precise || f->trials >= f->options.budget)
		return false;
	size_t first, last, best;
	candidates(f, &first, &last);
	size_t stride = (last - first) / CANDIDATES + 1;
	double least = INFINITY;
	size_t *cells = xcalloc(f->middles * SPREADS, sizeof(*cells)), count = 0;
	for (size_t i = 0; i < f->middles * SPREADS; i++)
		if (f->weight[i] >= NEGLIGIBLE)
			cells[count++] = i;
	best = first;
	for (size_t c = first; c <= last; c += stride) {
		double v = expected_variance(f, c, cells, count);
		if (v < least) {
			least = v;
			best = c;
		}
	}
	free(cells);
	uint64_t pages = (uint64_t)llround(exp(middle_at(f, best)) / PAGE_BYTES);
	*cap_bytes = (pages > 0 ? pages : 1) * PAGE_BYTES;
	return true;
}

#define VALUES 400

/* A belief about the middle as VALUES equally likely ones, so that grids of different steps can be compared. */
static void likely_middles(const struct floor_search *f, double out[VALUES])
{
	double sum = 0;
	size_t n = 0;
	for (size_t i = 0; i < f->middles; i++) {
		double bin = 0;
		for (size_t s = 0; s < SPREADS; s++)
			bin += f->weight[i * SPREADS + s];
		for (; n < VALUES && bin > 0 && sum + bin >= ((double)n + 0.5) / VALUES; n++)
			out[n] = middle_at(f, i) + f->step * ((((double)n + 0.5) / VALUES - sum) / bin - 0.5);
		sum += bin;
	}
	for (; n < VALUES; n++) /* what rounding left over */
		out[n] = n > 0 ? out[n - 1] : middle_at(f, 0);
}

/* Share of all pairs whose difference b - a is at most x; both in rising order. */
static double share_up_to(const double a[VALUES], const double b[VALUES], double x)
{
	size_t below = 0, j = 0;
	for (size_t i = 0; i < VALUES; i++) {
		while (j < VALUES && b[j] - a[i] <= x)
			j++;
		below += j;
	}
	return (double)below / (VALUES * VALUES);
}

static double difference_at(const double a[VALUES], const double b[VALUES], double share)
{
	double lo = b[0] - a[VALUES - 1], hi = b[VALUES - 1] - a[0];
	for (int round = 0; round < 30; round++) {
		double x = (lo + hi) / 2;
		if (share_up_to(a, b, x) < share)
			lo = x;
		else
			hi = x;
	}
	return hi;
}

struct floor_shift floor_compare(const struct floor_search *a, const struct floor_search *b)
{
	double *x = xcalloc(2 * VALUES, sizeof(*x)), *y = x + VALUES;
	likely_middles(a, x);
	likely_middles(b, y);
	double below = share_up_to(x, y, 0);
	struct floor_shift s = { difference_at(x, y, TAIL), difference_at(x, y, 0.5), difference_at(x, y, 1 - TAIL),
				 fmin(1, 2 * fmin(below, 1 - below)) };
	free(x);
	return s;
}
