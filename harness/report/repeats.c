#include "report/repeats.h"

#include <math.h>
#include <stdlib.h>

#include "base/fact_json.h"
#include "stats/stats.h"

#define OFFSET(field) offsetof(struct facts, field)
#define MEDIAN_RUNS_MIN 3

void repeats_rate(struct buf *b, const struct page *p, const struct column *c)
{
	if (c->judged < 2) {
		buf_adds(b, "-");
		return;
	}
	struct interval w = stats_wilson(c->crashed, c->judged, REPEATS_CONFIDENCE);
	buf_addf(b, "%.0f %% (%.0f%s%.0f %%)", 100.0 * (double)c->crashed / (double)c->judged, 100 * w.lo,
		 page_glyph(p, GLYPH_RANGE), 100 * w.hi);
}

void repeats_median(struct buf *b, const struct column *c, size_t offset, enum runs_taken taken,
		    const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]))
{
	double *values = xcalloc(c->count, sizeof(*values));
	size_t n = column_values(c, offset, taken, values);
	char text[UNITS_TEXT_MAX];
	buf_adds(b, n < MEDIAN_RUNS_MIN ? "-" : format(fact_of(units_whole(stats_five(values, n).median)), text));
	free(values);
}

static json_t *whole(double value)
{
	return json_integer((json_int_t)units_whole(value));
}

/* {"runs","min","median","max"} of the known figures; figures null without any. */
static json_t *figures_json(const struct column *c, size_t offset, enum runs_taken taken)
{
	double *values = xcalloc(c->count, sizeof(*values));
	size_t n = column_values(c, offset, taken, values);
	struct five f = stats_five(values, n);
	json_t *json = json_object();
	json_object_set_new(json, "runs", json_integer((json_int_t)n));
	json_object_set_new(json, "min", n > 0 ? whole(f.min) : json_null());
	json_object_set_new(json, "median", n > 0 ? whole(f.median) : json_null());
	json_object_set_new(json, "max", n > 0 ? whole(f.max) : json_null());
	free(values);
	return json;
}

static json_t *column_json(const struct column *c)
{
	const struct run_summary *first = c->runs[0];
	const char *label = first->label != NULL && first->label[0] != '\0' ? first->label : NULL;
	struct interval w = stats_wilson(c->crashed, c->judged, REPEATS_CONFIDENCE);
	struct spread at_least = column_spread(c, OFFSET(peak_unreclaimable_bytes), RUNS_CRASHED);
	json_t *peak = figures_json(c, OFFSET(peak_unreclaimable_bytes), RUNS_ENDED);
	json_object_set_new(peak, "censored_runs", json_integer((json_int_t)c->crashed));
	json_object_set_new(peak, "censored_at_least",
			    at_least.known > 0 ? json_integer((json_int_t)at_least.max) : json_null());
	return json_pack("{s:s?, s:s?, s:s?, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "scenario", first->scenario,
			 "label", label, "server", first->server, "memory_bytes", fact_to_json(first->memory_bytes),
			 "runs", (json_int_t)c->count, "judged", (json_int_t)c->judged, "crashed",
			 (json_int_t)c->crashed, "crash_rate",
			 c->judged > 0 ? json_real((double)c->crashed / (double)c->judged) : json_null(),
			 "crash_rate_interval", json_pack("[f, f]", w.lo, w.hi), "time_to_death_ns",
			 figures_json(c, OFFSET(server_end_ns), RUNS_CRASHED), "peak_unreclaimable_bytes", peak);
}

json_t *repeats_json(const struct run_summary *runs, size_t count)
{
	size_t n;
	char *common;
	struct column *columns = columns_new(runs, count, &n, &common);
	json_t *all = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, column_json(&columns[i]));
	columns_free(columns, n);
	free(common);
	return all;
}
