#include "record/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/request.h"
#include "isolation/memory.h"
#include "record/app.h"
#include "record/requests.h"
#include "record/samples.h"

/* A series while its rows come in. */
struct filling {
	struct timeline_bucket *buckets;
	uint64_t hold_ns;
	bool any;
	uint64_t last_ns;
	struct fact last;
};

size_t timeline_column(uint64_t t_ns, uint64_t span_ns, size_t columns)
{
	if (t_ns >= span_ns)
		return columns - 1;
	size_t column = (size_t)((double)t_ns * (double)columns / (double)span_ns);
	return column < columns ? column : columns - 1;
}

static size_t column_of(const struct timeline *t, uint64_t t_ns)
{
	return timeline_column(t_ns, t->span_ns, t->columns);
}

static void bucket_add(struct timeline_bucket *b, struct fact f)
{
	double value = (double)f.value;
	if (!fact_known(f)) {
		if (f.state > b->state)
			b->state = f.state;
		return;
	}
	bool first = b->state != FACT_KNOWN;
	b->state = FACT_KNOWN;
	b->low = first || value < b->low ? value : b->low;
	b->high = first || value > b->high ? value : b->high;
}

static void fill(const struct timeline *t, struct filling *f, uint64_t t_ns, struct fact value)
{
	size_t column = column_of(t, t_ns);
	if (f->any && t_ns - f->last_ns <= f->hold_ns)
		for (size_t i = column_of(t, f->last_ns) + 1; i < column; i++)
			bucket_add(&f->buckets[i], f->last);
	bucket_add(&f->buckets[column], value);
	f->any = true;
	f->last_ns = t_ns;
	f->last = value;
}

static void leave_out(struct timeline *t, const char *path, uint64_t line, const char *why)
{
	if (t->left_out++ == 0)
		snprintf(t->first_left_out, sizeof(t->first_left_out), "%s:%llu: %s", path, (unsigned long long)line,
			 why);
}

static void leave_row_out(struct timeline *t, const struct csv *csv)
{
	char why[80] = "a cell is not the figure it should be";
	if (csv->cell_count != csv->columns)
		snprintf(why, sizeof(why), "%zu cells for %zu columns", csv->cell_count, csv->columns);
	leave_out(t, csv->lines.path, csv->lines.number, why);
}

/* ---- samples.csv -------------------------------------------------------- */

/* A run that was cut short says nowhere else how long it was. */
static int find_span(struct timeline *t, const char *folder, struct error *err)
{
	struct fact last_ns;
	int rc = samples_last_ns(folder, &last_ns, err);
	t->span_ns = fact_known(last_ns) ? last_ns.value + 1 : 1;
	return rc;
}

static int read_samples(struct timeline *t, const struct timeline_options *o, struct error *err)
{
	uint64_t hold_ns = o->sample_hold_ns;
	struct filling usage = { .buckets = t->series[TIMELINE_USAGE], .hold_ns = hold_ns };
	struct filling unreclaimable = { .buckets = t->series[TIMELINE_UNRECLAIMABLE], .hold_ns = hold_ns };
	struct filling file = { .buckets = t->series[TIMELINE_FILE], .hold_ns = hold_ns };
	struct samples s;
	int rc = samples_open(&s, o->folder, err);
	while (rc > 0 && (rc = samples_next(&s, err)) > 0) {
		if (s.bad) {
			leave_row_out(t, &s.csv);
			continue;
		}
		t->samples++;
		fill(t, &usage, s.t_ns, s.memory.field[MEMORY_USAGE]);
		fill(t, &unreclaimable, s.t_ns, memory_unreclaimable(&s.memory));
		fill(t, &file, s.t_ns, s.memory.field[MEMORY_FILE]);
	}
	samples_close(&s);
	return rc;
}

/* ---- requests.csv ------------------------------------------------------- */

/*
 * The time that requests spent in each column, exact and in one pass: the parts
 * of a request's first and last column at once, those between as steps up and
 * down that are added up at the end.
 */
struct in_flight {
	double *part_ns; /* per column */
	double *step;	 /* per column, and one behind the last */
	double width_ns; /* of a column */
};

static void in_flight_add(const struct timeline *t, struct in_flight *f, uint64_t from_ns, uint64_t to_ns)
{
	to_ns = to_ns < t->span_ns ? to_ns : t->span_ns;
	from_ns = from_ns < to_ns ? from_ns : to_ns;
	size_t first = column_of(t, from_ns), last = column_of(t, to_ns);
	if (first == last) {
		f->part_ns[first] += (double)(to_ns - from_ns);
		return;
	}
	f->part_ns[first] += (double)(first + 1) * f->width_ns - (double)from_ns;
	f->part_ns[last] += (double)to_ns - (double)last * f->width_ns;
	f->step[first + 1] += 1;
	f->step[last] -= 1;
}

static void in_flight_mean(struct timeline *t, const struct in_flight *f)
{
	double between = 0;
	for (size_t i = 0; i < t->columns; i++) {
		between += f->step[i];
		double mean = between + f->part_ns[i] / f->width_ns;
		t->series[TIMELINE_IN_FLIGHT][i] = (struct timeline_bucket){ FACT_KNOWN, mean, mean };
	}
}

static void count(const struct timeline *t, enum timeline_series which, size_t column, double by)
{
	struct timeline_bucket *b = &t->series[which][column];
	b->state = FACT_KNOWN;
	b->low = b->high = b->high + by;
}

static void add_end(const struct timeline *t, const struct requests *r)
{
	size_t column = column_of(t, r->finished_ns);
	if (r->failed)
		count(t, TIMELINE_FAILED, column, 1);
	else if (fact_known(r->started_ns))
		bucket_add(&t->series[TIMELINE_LATENCY][column], fact_of(r->finished_ns - r->started_ns.value));
	if (fact_known(r->acknowledged_bytes))
		count(t, TIMELINE_ACKNOWLEDGED, column, (double)r->acknowledged_bytes.value);
}

static int read_requests(struct timeline *t, const char *folder, struct error *err)
{
	struct in_flight in_flight = { .part_ns = xcalloc(t->columns + 1, sizeof(double)),
				       .step = xcalloc(t->columns + 1, sizeof(double)),
				       .width_ns = (double)t->span_ns / (double)t->columns };
	struct requests r;
	int rc = requests_open(&r, folder, err);
	bool there = rc > 0;
	while (rc > 0 && (rc = requests_next(&r, err)) > 0) {
		if (r.bad) {
			leave_row_out(t, &r.csv);
			continue;
		}
		t->requests++;
		if (fact_known(r.started_ns))
			in_flight_add(t, &in_flight, r.started_ns.value, r.finished_ns);
		add_end(t, &r);
	}
	if (there)
		in_flight_mean(t, &in_flight);
	requests_close(&r);
	free(in_flight.part_ns);
	free(in_flight.step);
	return rc;
}

/* ---- app.jsonl ---------------------------------------------------------- */

static struct fact lag_of(const json_t *figures, const char *pointer)
{
	const json_t *ms = request_find_json(figures, pointer);
	if (ms == NULL || json_is_null(ms))
		return FACT_NONE;
	if (!json_is_integer(ms) || json_integer_value(ms) < 0 ||
	    json_integer_value(ms) > (json_int_t)(INT64_MAX / NS_PER_MS))
		return FACT_BROKEN;
	return fact_of((uint64_t)json_integer_value(ms) * NS_PER_MS);
}

static int read_lag(struct timeline *t, const struct timeline_options *o, struct error *err)
{
	struct filling lag = { .buckets = t->series[TIMELINE_LAG], .hold_ns = o->lag_hold_ns };
	struct app app;
	int rc = app_open(&app, o->folder, err);
	while (rc > 0 && (rc = app_next(&app, err)) > 0) {
		if (app.bad)
			leave_out(t, app.lines.path, app.lines.number, "not the server's figures");
		else
			fill(t, &lag, app.t_ns, lag_of(app.figures, o->lag_json));
	}
	app_close(&app);
	return rc;
}

int timeline_read(struct timeline *t, const struct timeline_options *o, struct error *err)
{
	memset(t, 0, sizeof(*t));
	t->columns = o->columns;
	t->span_ns = o->span_ns;
	for (size_t i = 0; i < TIMELINE_SERIES; i++)
		t->series[i] = xcalloc(t->columns, sizeof(*t->series[i]));
	int rc = o->span_ns > 0 ? 0 : find_span(t, o->folder, err);
	if (rc == 0 && !o->requests_only)
		rc = read_samples(t, o, err);
	if (rc == 0)
		rc = read_requests(t, o->folder, err);
	if (rc == 0 && !o->requests_only && o->lag_json != NULL)
		rc = read_lag(t, o, err);
	if (rc != 0)
		timeline_release(t);
	return rc;
}

void timeline_release(struct timeline *t)
{
	for (size_t i = 0; i < TIMELINE_SERIES; i++)
		free(t->series[i]);
	memset(t, 0, sizeof(*t));
}
