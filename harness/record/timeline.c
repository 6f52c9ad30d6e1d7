#include "record/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "isolation/memory.h"
#include "load/load.h"
#include "record/csv.h"
#include "http/request.h"

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

/* The last time in the file: a run that was cut short says nowhere else how long it was. */
static int find_span(struct timeline *t, const char *path, struct error *err)
{
	struct csv csv;
	struct fact t_ns;
	int rc = csv_open(&csv, path, err);
	int column = rc > 0 ? csv_column(&csv, "t_ns") : -1;
	while (rc > 0 && (rc = csv_next(&csv, err)) > 0)
		if (csv_fact(&csv, column, &t_ns) == 0 && fact_known(t_ns) && t_ns.value >= t->span_ns)
			t->span_ns = t_ns.value + 1;
	csv_close(&csv);
	if (t->span_ns == 0)
		t->span_ns = 1;
	return rc;
}

/* The fields a picture is made of; the rest of the sample stays absent. */
static const enum memory_field fields[] = { MEMORY_USAGE, MEMORY_ANON, MEMORY_FILE, MEMORY_SHMEM, MEMORY_KERNEL };
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static int read_sample(const struct csv *csv, int time_column, const int columns[FIELDS], uint64_t *t_ns,
		       struct memory_sample *sample)
{
	struct fact t;
	if (csv->cell_count != csv->columns || csv_fact(csv, time_column, &t) != 0 || !fact_known(t))
		return -1;
	*t_ns = t.value;
	memset(sample, 0, sizeof(*sample));
	for (size_t i = 0; i < FIELDS; i++)
		if (csv_fact(csv, columns[i], &sample->field[fields[i]]) != 0)
			return -1;
	return 0;
}

static int read_samples(struct timeline *t, const char *path, uint64_t hold_ns, struct error *err)
{
	struct filling usage = { .buckets = t->series[TIMELINE_USAGE], .hold_ns = hold_ns };
	struct filling unreclaimable = { .buckets = t->series[TIMELINE_UNRECLAIMABLE], .hold_ns = hold_ns };
	struct filling file = { .buckets = t->series[TIMELINE_FILE], .hold_ns = hold_ns };
	struct csv csv;
	struct memory_sample sample;
	uint64_t t_ns;
	int columns[FIELDS], time_column = -1;
	int rc = csv_open(&csv, path, err);
	if (rc > 0) {
		time_column = csv_column(&csv, "t_ns");
		for (size_t i = 0; i < FIELDS; i++)
			columns[i] = csv_column(&csv, memory_field_info[fields[i]].name);
	}
	while (rc > 0 && (rc = csv_next(&csv, err)) > 0) {
		if (read_sample(&csv, time_column, columns, &t_ns, &sample) != 0) {
			leave_row_out(t, &csv);
			continue;
		}
		t->samples++;
		fill(t, &usage, t_ns, sample.field[MEMORY_USAGE]);
		fill(t, &unreclaimable, t_ns, memory_unreclaimable(&sample));
		fill(t, &file, t_ns, sample.field[MEMORY_FILE]);
	}
	csv_close(&csv);
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

static int read_requests(struct timeline *t, const char *path, struct error *err)
{
	struct in_flight in_flight = { .part_ns = xcalloc(t->columns + 1, sizeof(double)),
				       .step = xcalloc(t->columns + 1, sizeof(double)),
				       .width_ns = (double)t->span_ns / (double)t->columns };
	struct timeline_bucket *failures = t->series[TIMELINE_FAILED];
	struct csv csv;
	struct fact started, finished;
	int rc = csv_open(&csv, path, err);
	bool there = rc > 0;
	int start = there ? csv_column(&csv, "started_ns") : -1, finish = there ? csv_column(&csv, "finished_ns") : -1;
	int end = there ? csv_column(&csv, "end") : -1;
	while (rc > 0 && (rc = csv_next(&csv, err)) > 0) {
		if (csv.cell_count != csv.columns || csv_fact(&csv, start, &started) != 0 ||
		    csv_fact(&csv, finish, &finished) != 0 || !fact_known(finished) || end < 0 ||
		    (fact_known(started) && started.value > finished.value)) {
			leave_row_out(t, &csv);
			continue;
		}
		t->requests++;
		if (fact_known(started))
			in_flight_add(t, &in_flight, started.value, finished.value);
		const char *how = csv.cells[end];
		if (strcmp(how, request_end_names[END_STATUS]) == 0 ||
		    strcmp(how, request_end_names[END_TRANSPORT]) == 0) {
			struct timeline_bucket *b = &failures[column_of(t, finished.value)];
			b->state = FACT_KNOWN;
			b->low = b->high = b->high + 1;
		}
	}
	if (there)
		in_flight_mean(t, &in_flight);
	csv_close(&csv);
	free(in_flight.part_ns);
	free(in_flight.step);
	return rc;
}

/* ---- app.jsonl ---------------------------------------------------------- */

static struct fact lag_of(const json_t *row, const char *pointer)
{
	const json_t *ms = request_find_json(json_object_get(row, "figures"), pointer);
	if (ms == NULL || json_is_null(ms))
		return FACT_NONE;
	if (!json_is_integer(ms) || json_integer_value(ms) < 0 ||
	    json_integer_value(ms) > (json_int_t)(INT64_MAX / NS_PER_MS))
		return FACT_BROKEN;
	return fact_of((uint64_t)json_integer_value(ms) * NS_PER_MS);
}

static int read_lag(struct timeline *t, const char *path, const char *pointer, uint64_t hold_ns, struct error *err)
{
	struct filling lag = { .buckets = t->series[TIMELINE_LAG], .hold_ns = hold_ns };
	struct lines lines;
	int rc = lines_open(&lines, path, err);
	while (rc > 0 && (rc = lines_next(&lines, err)) > 0) {
		json_t *row = json_loadb(lines.text, lines.len, 0, NULL);
		const json_t *t_ns = json_object_get(row, "t_ns");
		if (json_is_integer(t_ns) && json_integer_value(t_ns) >= 0)
			fill(t, &lag, (uint64_t)json_integer_value(t_ns), lag_of(row, pointer));
		else
			leave_out(t, path, lines.number, "not the server's figures");
		json_decref(row);
	}
	lines_close(&lines);
	return rc;
}

int timeline_read(struct timeline *t, const struct timeline_options *o, struct error *err)
{
	memset(t, 0, sizeof(*t));
	t->columns = o->columns;
	t->span_ns = o->span_ns;
	for (size_t i = 0; i < TIMELINE_SERIES; i++)
		t->series[i] = xcalloc(t->columns, sizeof(*t->series[i]));
	char *samples = xasprintf("%s/samples.csv", o->folder), *requests = xasprintf("%s/requests.csv", o->folder);
	char *app = xasprintf("%s/app.jsonl", o->folder);
	int rc = o->span_ns > 0 ? 0 : find_span(t, samples, err);
	if (rc == 0)
		rc = read_samples(t, samples, o->sample_hold_ns, err);
	if (rc == 0)
		rc = read_requests(t, requests, err);
	if (rc == 0 && o->lag_json != NULL)
		rc = read_lag(t, app, o->lag_json, o->lag_hold_ns, err);
	free(samples);
	free(requests);
	free(app);
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
