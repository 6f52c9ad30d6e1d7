#include "html/run_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "html/marks.h"
#include "html/out.h"
#include "isolation/memory.h"
#include "record/app.h"
#include "record/samples.h"
#include "run/live_figure.h"

/* 16 rows of a bucket at most, of some 80 bytes: a page stays far below its 5 MB. */
#define SAMPLE_BUCKETS 1200
#define LAST_BUCKETS 1600
#define APP_BUCKETS 1200
#define REQUEST_COLUMNS 1200
#define KIB 1024.0

static double number(struct fact f)
{
	return fact_known(f) ? (double)f.value : NAN;
}

static double seconds(uint64_t ns)
{
	return (double)ns / NS_PER_S;
}

/* ---- samples.csv -------------------------------------------------------- */

static bool read_sample(struct run_data *d, const struct samples *s, double row[DATA_COLUMNS])
{
	const struct fact *m = s->memory.field;
	struct fact held = memory_unreclaimable(&s->memory), private = fact_add(s->rss_anon_bytes, s->rss_shmem_bytes);
	if (s->bad) {
		d->left_out++;
		return false;
	}
	d->unreadable += m[MEMORY_USAGE].state == FACT_UNREADABLE || held.state == FACT_UNREADABLE;
	row[DATA_TIME] = seconds(s->t_ns);
	row[DATA_USAGE] = number(m[MEMORY_USAGE]);
	row[DATA_UNRECLAIMABLE] = number(held);
	row[DATA_FILE] = number(m[MEMORY_FILE]);
	row[DATA_ANON] = number(m[MEMORY_ANON]);
	row[DATA_SHMEM] = number(m[MEMORY_SHMEM]);
	row[DATA_KERNEL] = number(m[MEMORY_KERNEL]);
	row[DATA_PRIVATE] = number(private);
	row[DATA_RESIDENT] = number(fact_add(private, s->rss_file_bytes));
	row[DATA_UNWRITTEN] = number(fact_add(m[MEMORY_DIRTY], m[MEMORY_WRITEBACK]));
	row[DATA_HOST] = number(m[MEMORY_HOST]);
	return true;
}

static int read_samples(struct run_data *d, struct error *err)
{
	struct samples s;
	double row[DATA_COLUMNS];
	int rc = samples_open(&s, d->run->folder, err);
	while (rc > 0 && (rc = samples_next(&s, err)) > 0) {
		if (!read_sample(d, &s, row))
			continue;
		thin_add(d->samples, row);
		if (s.t_ns >= d->last_from_ns && s.t_ns <= d->last_to_ns)
			thin_add(d->last, row);
		if (s.t_ns > d->span_ns)
			d->span_ns = s.t_ns;
	}
	samples_close(&s);
	return rc;
}

/* ---- app.jsonl ---------------------------------------------------------- */

static int read_app(struct run_data *d, struct error *err)
{
	const json_t *server = json_object_get(json_object_get(d->run->record, "scenario"), "server");
	const char *pointer = json_string_value(json_object_get(server, "live"));
	struct app app;
	int rc = app_open(&app, d->run->folder, err);
	while (rc > 0 && (rc = app_next(&app, err)) > 0) {
		struct fact own = app.bad ? FACT_NONE : live_figure(app.figures, pointer);
		if (fact_known(own))
			thin_add(d->app, (double[]){ seconds(app.t_ns), number(own) });
	}
	app_close(&app);
	return rc;
}

struct search {
	double t_s, value;
};

static void note_before(const double *row, void *arg)
{
	struct search *s = arg;
	if (row[0] <= s->t_s || isnan(s->value))
		s->value = row[1];
}

double run_data_app_at(const struct run_data *d, double t_s)
{
	struct search s = { t_s, NAN };
	thin_each(d->app, note_before, &s);
	return s.value;
}

/* ---- a run -------------------------------------------------------------- */

static uint64_t time_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));
	return value > 0 ? (uint64_t)value : 0;
}

int run_data_read(struct run_data *d, const struct run_summary *run, struct error *err)
{
	const json_t *last = json_object_get(json_object_get(run->record, "death"), "last_second");
	*d = (struct run_data){ .run = run,
				.samples = thin_new(DATA_COLUMNS, DATA_TRACKED, SAMPLE_BUCKETS),
				.last = thin_new(DATA_COLUMNS, DATA_TRACKED, LAST_BUCKETS),
				.app = thin_new(2, 1, APP_BUCKETS),
				.last_from_ns = time_of(last, "from_ns"),
				.last_to_ns = time_of(last, "to_ns"),
				.span_ns = marks_span_ns(run) };
	if (read_samples(d, err) != 0 || read_app(d, err) != 0)
		return -1;
	struct timeline_options options = { .folder = run->folder,
					    .requests_only = true,
					    .columns = REQUEST_COLUMNS,
					    .span_ns = d->span_ns > 0 ? d->span_ns : 1 };
	return timeline_read(&d->requests, &options, err);
}

void run_data_release(struct run_data *d)
{
	thin_free(d->samples);
	thin_free(d->app);
	thin_free(d->last);
	timeline_release(&d->requests);
	memset(d, 0, sizeof(*d));
}

/* ---- as JSON ------------------------------------------------------------ */

struct writing {
	FILE *out;
	size_t columns;
	double zero_s; /* of its axis */
	bool any;
};

static void write_row(const double *row, void *arg)
{
	struct writing *w = arg;
	fputs(w->any ? ",[" : "[", w->out);
	html_json_number(w->out, row[0] - w->zero_s, 6);
	for (size_t i = 1; i < w->columns; i++) {
		fputc(',', w->out);
		html_json_number(w->out, row[i] / KIB, 3);
	}
	fputs("]\n", w->out);
	w->any = true;
}

static void write_thin(FILE *out, const char *name, const struct thin *t, const char *columns, size_t count,
		       double zero_s)
{
	struct writing w = { out, count, zero_s, false };
	fprintf(out, "\"%s\":{\"columns\":%s,\"rows\":[", name, columns);
	thin_each(t, write_row, &w);
	fputs("]},\n", out);
}

static double high_of(const struct timeline_bucket *b, double unit)
{
	return b->state == FACT_KNOWN ? b->high / unit : NAN;
}

/* A row in the middle of each column; what was acknowledged adds up. */
static void write_requests(const struct run_data *d, FILE *out)
{
	const struct timeline *t = &d->requests;
	double acknowledged = 0;
	fputs("\"requests\":{\"columns\":[\"t\",\"in_flight\",\"acknowledged\",\"fastest\",\"slowest\",\"failed\"],"
	      "\"rows\":[",
	      out);
	for (size_t i = 0; t->requests > 0 && i < t->columns; i++) {
		const struct timeline_bucket *took = &t->series[TIMELINE_LATENCY][i];
		double added = high_of(&t->series[TIMELINE_ACKNOWLEDGED][i], KIB);
		acknowledged += isnan(added) ? 0 : added;
		const double cells[] = { ((double)i + 0.5) * seconds(t->span_ns) / (double)t->columns,
					 high_of(&t->series[TIMELINE_IN_FLIGHT][i], 1),
					 acknowledged,
					 took->state == FACT_KNOWN ? took->low / NS_PER_MS : NAN,
					 high_of(took, NS_PER_MS),
					 high_of(&t->series[TIMELINE_FAILED][i], 1) };
		for (size_t k = 0; k < sizeof(cells) / sizeof(cells[0]); k++) {
			fputs(k > 0 ? "," : i > 0 ? ",[" : "[", out);
			html_json_number(out, cells[k], k == 0 ? 6 : 3);
		}
		fputs("]\n", out);
	}
	fputs("]}\n", out);
}

#define SAMPLE_NAMES                                                                                                   \
	"[\"t\",\"usage\",\"unreclaimable\",\"file\",\"anon\",\"shmem\",\"kernel\",\"private\",\"resident\","          \
	"\"unwritten\",\"host\"]"

void run_data_write(const struct run_data *d, FILE *out)
{
	const struct facts *f = &d->run->facts;
	fprintf(out, "{\"span\":%.6f,\"limit\":", seconds(d->span_ns));
	html_json_number(out, number(fact_known(f->cap_in_force_bytes) ? f->cap_in_force_bytes : d->run->memory_bytes),
			 0);
	fputs(",\"tables\":{\n", out);
	write_thin(out, "samples", d->samples, SAMPLE_NAMES, DATA_COLUMNS, 0);
	write_thin(out, "last", d->last, SAMPLE_NAMES, DATA_COLUMNS, seconds(d->last_to_ns));
	write_thin(out, "app", d->app, "[\"t\",\"own\"]", 2, 0);
	write_requests(d, out);
	fputs("},\n", out);
	marks_json(d->run, d->span_ns, out);
	fputs("}\n", out);
}

void run_data_outline(FILE *out, const struct run_summary *run, size_t buckets, struct buf *gaps)
{
	struct error err = ERROR_INIT;
	struct run_data d = { .run = run };
	struct thin *thin = thin_new(2, 1, buckets);
	struct writing w = { out, 2, 0, false };
	struct samples s;
	double row[DATA_COLUMNS];
	int rc = samples_open(&s, run->folder, &err);
	while (rc > 0 && (rc = samples_next(&s, &err)) > 0)
		if (read_sample(&d, &s, row))
			thin_add(thin, (double[]){ row[DATA_TIME], row[DATA_UNRECLAIMABLE] });
	samples_close(&s);
	fputc('[', out);
	thin_each(thin, write_row, &w);
	fputc(']', out);
	thin_free(thin);
	if (rc < 0)
		buf_addf(gaps, "%s %s", gaps->len > 0 ? ";" : "", err.message);
}
