/* How often a comparison sees a difference that is not there, and how often one that is. */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "campaign/compare.h"

/* The first `runs` of the judged runs, shuffled, from `from` on. */
static void take(const struct observations *pool, const size_t *order, size_t from, size_t runs,
		 struct observations *out)
{
	for (size_t i = 0; i < runs; i++)
		out->items[i] = pool->items[order[from + i]];
	out->count = out->judged = runs;
}

static size_t judged_order(const struct observations *o, size_t *order)
{
	size_t n = 0;
	for (size_t i = 0; i < o->count; i++)
		if (o->items[i].judged)
			order[n++] = i;
	return n;
}

int compare_calibrate(const struct observations *a, const struct observations *b, const struct compare_options *options,
		      struct calibration *out, struct error *err)
{
	size_t runs = out->runs;
	if (a->judged < 2 * runs || b->judged < runs)
		return error_set(err, ERROR_USAGE,
				 "measuring with %zu runs of each side takes %zu of '%s' (%zu are there) and "
				 "%zu of '%s' (%zu are there)",
				 runs, 2 * runs, a->name, a->judged, runs, b->name, b->judged);
	struct observations first = { .name = a->name, .items = xcalloc(runs, sizeof(*first.items)) };
	struct observations second = { .name = b->name, .items = xcalloc(runs, sizeof(*second.items)) };
	size_t *order_a = xcalloc(a->count, sizeof(*order_a)), *order_b = xcalloc(b->count, sizeof(*order_b));
	size_t count_a = judged_order(a, order_a), count_b = judged_order(b, order_b);
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, (unsigned long)out->seed);
	memset(out->same, 0, sizeof(out->same));
	memset(out->different, 0, sizeof(out->different));
	for (size_t i = 0; i < out->rounds; i++) {
		struct comparison c;
		gsl_ran_shuffle(rng, order_a, count_a, sizeof(*order_a));
		gsl_ran_shuffle(rng, order_b, count_b, sizeof(*order_b));
		take(a, order_a, 0, runs, &first);
		take(a, order_a, runs, runs, &second);
		compare(&first, &second, options, &c);
		out->same[c.answer]++;
		take(b, order_b, 0, runs, &second);
		compare(&first, &second, options, &c);
		out->different[c.answer]++;
	}
	gsl_rng_free(rng);
	free(order_a);
	free(order_b);
	observations_free(&first);
	observations_free(&second);
	return 0;
}
