#include "report/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/clock.h"
#include "report/chart.h"
#include "report/figures.h"
#include "report/heading.h"
#include "report/page.h"
#include "record/gc.h"
#include "record/timeline.h"

#define MEMORY_ROWS 12
#define SMALL_ROWS 3
/* Under half the cap the picture is of what there is, but the noise of a server that does nothing must stay small. */
#define ZOOM_MOST 8
#define SAMPLE_HZ_DEFAULT 100
#define PERIODS_HELD 10
#define LAG_HOLD_NS (5 * NS_PER_S) /* its server is asked twice a second */
#define LAG_SCALE_MIN_NS 1e9

/* What happened to the server's memory as a whole. */
struct moment {
	uint64_t t_ns;
	enum ink ink;
	char text[128];
};

/* Out of memory, the server's end, and every phase in which the page cache was asked back. */
#define MOMENTS_MAX (2 + CHART_PHASES_MAX)

struct plot {
	struct page page;
	struct chart chart;
	struct timeline timeline;
	const struct run_summary *run;
	const char *unended; /* phase that the record ends in, of a rig that was killed; NULL: none */
	struct moment moments[MOMENTS_MAX];
	size_t moment_count;
};

static const char *label_size(double value, char out[UNITS_TEXT_MAX])
{
	return units_format_size(units_whole(value), out);
}

static const char *label_duration(double value, char out[UNITS_TEXT_MAX])
{
	return value > 0 ? units_format_duration(units_whole(value), out) : strcpy(out, "0 s");
}

static const char *label_count(double value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%.3g", value);
	return out;
}

/* ---- series into layers ------------------------------------------------- */

/* Highest of a series; false when nothing of it is known. */
static bool highest_of(const struct plot *p, enum timeline_series which, double *out)
{
	bool known = false;
	*out = 0;
	for (size_t i = 0; i < p->chart.columns; i++) {
		const struct timeline_bucket *b = &p->timeline.series[which][i];
		known |= b->state == FACT_KNOWN;
		if (b->state == FACT_KNOWN && b->high > *out)
			*out = b->high;
	}
	return known;
}

struct tops {
	enum fact_state *states;
	double *tops[CHART_LAYERS_MAX];
};

static void tops_init(struct tops *t, size_t columns)
{
	t->states = xcalloc(columns, sizeof(*t->states));
	for (size_t i = 0; i < CHART_LAYERS_MAX; i++)
		t->tops[i] = xcalloc(columns, sizeof(double));
}

static void tops_release(struct tops *t)
{
	free(t->states);
	for (size_t i = 0; i < CHART_LAYERS_MAX; i++)
		free(t->tops[i]);
}

enum memory_layer { LAYER_LOW, LAYER_HIGH, LAYER_FILE, LAYER_USAGE };

/*
 * Memory that only rises or only falls within a column is no swing: then one of
 * the columns beside it goes on where it leaves off.
 */
static double lowest_of_swing(const struct plot *p, size_t i, double row_bytes)
{
	const struct timeline_bucket *b = &p->timeline.series[TIMELINE_UNRECLAIMABLE][i];
	double before = i > 0 ? b[-1].high : 0, after = i + 1 < p->chart.columns ? b[1].high : 0;
	return b->low + row_bytes < fmin(b->high, fmin(before, after)) ? b->low : b->high;
}

/* One that could not be read is said, whatever else is known of the column. */
static enum fact_state state_of_both(enum fact_state a, enum fact_state b)
{
	if (a == FACT_UNREADABLE || b == FACT_UNREADABLE)
		return FACT_UNREADABLE;
	return a == FACT_KNOWN ? a : b;
}

/* Page cache stands on the highest unreclaimable memory of the column, but never above the highest charge. */
static void stack_memory(const struct plot *p, struct tops *t, double row_bytes)
{
	for (size_t i = 0; i < p->chart.columns; i++) {
		const struct timeline_bucket *usage = &p->timeline.series[TIMELINE_USAGE][i];
		const struct timeline_bucket *held = &p->timeline.series[TIMELINE_UNRECLAIMABLE][i];
		const struct timeline_bucket *file = &p->timeline.series[TIMELINE_FILE][i];
		t->states[i] = state_of_both(usage->state, held->state);
		t->tops[LAYER_LOW][i] = lowest_of_swing(p, i, row_bytes);
		t->tops[LAYER_HIGH][i] = held->high;
		t->tops[LAYER_FILE][i] = held->high + file->high;
		if (usage->state == FACT_KNOWN && t->tops[LAYER_FILE][i] > usage->high)
			t->tops[LAYER_FILE][i] = fmax(usage->high, held->high);
		t->tops[LAYER_USAGE][i] = usage->high;
	}
}

/* ---- panels ------------------------------------------------------------- */

static void title(struct plot *p, int *column, const char *text)
{
	buf_addc(&p->page.text, '\n');
	page_ink(&p->page, INK_STRONG, "%s", text);
	*column = text_columns(text);
}

static void memory_legend(struct plot *p, const struct tops *t, double row_bytes, double cap, bool cap_in_picture)
{
	double usage, held, file;
	bool swings = false, other = false;
	char text[UNITS_TEXT_MAX];
	int column;
	for (size_t i = 0; i < p->chart.columns; i++) {
		swings |= t->tops[LAYER_LOW][i] < t->tops[LAYER_HIGH][i];
		other |= t->tops[LAYER_FILE][i] + row_bytes / 2 < t->tops[LAYER_USAGE][i];
	}
	char *heading = highest_of(p, TIMELINE_USAGE, &usage)
				? xasprintf("Memory, at most %s charged:", label_size(usage, text))
				: xstrdup("Memory, at most:");
	title(p, &column, heading);
	free(heading);
	if (highest_of(p, TIMELINE_UNRECLAIMABLE, &held))
		page_legend(&p->page, &column, GLYPH_ANON, INK_BAD, "unreclaimable %s", label_size(held, text));
	if (highest_of(p, TIMELINE_FILE, &file))
		page_legend(&p->page, &column, GLYPH_CACHE, INK_GOOD, "page cache %s", label_size(file, text));
	if (other)
		page_legend(&p->page, &column, GLYPH_OTHER, INK_PLAIN, "other");
	if (cap > 0)
		page_legend(&p->page, &column, GLYPH_LIMIT, INK_BAD, "%scap %s",
			    cap_in_picture ? "" : "above the picture: ", label_size(cap, text));
	if (swings)
		page_legend(&p->page, &column, GLYPH_RANGE_CELL, INK_BAD, "lowest to highest in a column");
	buf_addc(&p->page.text, '\n');
}

static void draw_memory(struct plot *p)
{
	const struct facts *f = &p->run->facts;
	struct fact limit = fact_known(f->cap_in_force_bytes) ? f->cap_in_force_bytes : p->run->memory_bytes;
	double cap = fact_known(limit) ? (double)limit.value : 0, usage, held;
	struct tops t;
	bool *moments = xcalloc(p->chart.columns, sizeof(*moments));
	highest_of(p, TIMELINE_USAGE, &usage);
	highest_of(p, TIMELINE_UNRECLAIMABLE, &held);
	double highest = fmax(usage, held);
	bool cap_in_picture = cap > 0 && highest >= cap / 2;
	double scale = cap_in_picture && highest <= cap ? cap : chart_round_up(fmax(highest, cap / ZOOM_MOST), 2);
	for (size_t i = 0; i < p->moment_count; i++)
		moments[timeline_column(p->moments[i].t_ns, p->chart.span_ns, p->chart.columns)] = true;
	tops_init(&t, p->chart.columns);
	stack_memory(p, &t, scale / MEMORY_ROWS);
	memory_legend(p, &t, scale / MEMORY_ROWS, cap, cap_in_picture);
	struct chart_panel panel = {
		.rows = MEMORY_ROWS,
		.label_rows = MEMORY_ROWS / 4,
		.scale = scale,
		.label = label_size,
		.layers = { { GLYPH_ANON, INK_BAD, true, t.tops[LAYER_LOW] },
			    { GLYPH_RANGE_CELL, INK_BAD, false, t.tops[LAYER_HIGH] },
			    { GLYPH_CACHE, INK_GOOD, false, t.tops[LAYER_FILE] },
			    { GLYPH_OTHER, INK_PLAIN, false, t.tops[LAYER_USAGE] } },
		.layer_count = 4,
		.states = t.states,
		.limit = cap_in_picture ? cap : 0,
		.moments = moments,
	};
	chart_panel(&p->chart, &panel);
	for (size_t i = 0; i < p->moment_count; i++)
		chart_moment(&p->chart, p->moments[i].t_ns, p->moments[i].ink, p->moments[i].text);
	tops_release(&t);
	free(moments);
}

/* One series, from nothing up to its highest. */
static void draw_single(struct plot *p, enum timeline_series which, double scale,
			const char *(*label)(double value, char out[UNITS_TEXT_MAX]), const bool *moments)
{
	struct tops t;
	tops_init(&t, p->chart.columns);
	for (size_t i = 0; i < p->chart.columns; i++) {
		const struct timeline_bucket *b = &p->timeline.series[which][i];
		t.states[i] = b->state;
		t.tops[0][i] = b->high;
	}
	struct chart_panel panel = {
		.rows = SMALL_ROWS,
		.label_rows = SMALL_ROWS,
		.scale = scale,
		.label = label,
		.layers = { { GLYPH_ANON, INK_PLAIN, true, t.tops[0] } },
		.layer_count = 1,
		.states = t.states,
		.moments = moments,
	};
	chart_panel(&p->chart, &panel);
	tops_release(&t);
}

static void draw_requests(struct plot *p)
{
	double highest, failed = 0;
	char width[UNITS_TEXT_MAX];
	bool *moments = xcalloc(p->chart.columns, sizeof(*moments));
	int column;
	if (!highest_of(p, TIMELINE_IN_FLIGHT, &highest) || p->timeline.requests == 0) {
		buf_adds(&p->page.text, "\nno request ended\n");
		free(moments);
		return;
	}
	for (size_t i = 0; i < p->chart.columns; i++) {
		moments[i] = p->timeline.series[TIMELINE_FAILED][i].state == FACT_KNOWN;
		failed += moments[i] ? p->timeline.series[TIMELINE_FAILED][i].high : 0;
	}
	label_duration((double)p->timeline.span_ns / (double)p->chart.columns, width);
	title(p, &column, "Requests in flight:");
	page_legend(&p->page, &column, GLYPH_ANON, INK_PLAIN, "mean over a column, %s", width);
	if (failed > 0)
		page_legend(&p->page, &column, GLYPH_MOMENT, INK_BAD, "%.0f failed", failed);
	buf_addc(&p->page.text, '\n');
	double most = highest <= 10 ? ceil(highest) : chart_round_up(highest, 10);
	draw_single(p, TIMELINE_IN_FLIGHT, fmax(most, 1), label_count, moments);
	free(moments);
}

/* Its lag is a figure that the server gives of itself: without one there is nothing to draw. */
static void draw_lag(struct plot *p)
{
	double highest;
	char text[UNITS_TEXT_MAX];
	int column;
	if (!highest_of(p, TIMELINE_LAG, &highest))
		return;
	title(p, &column, "Clean-up has not run for:");
	page_legend(&p->page, &column, GLYPH_ANON, INK_PLAIN, "%s at most, by its own clock",
		    label_duration(highest, text));
	buf_addc(&p->page.text, '\n');
	draw_single(p, TIMELINE_LAG, chart_round_up(fmax(highest, LAG_SCALE_MIN_NS), 10), label_duration, NULL);
}

/* ---- a run -------------------------------------------------------------- */

/*
 * Load and settling that took turns overlap in the record: together they are one
 * stretch.  Returns the phase whose end was not recorded, NULL if there is none:
 * with one the span is that of the samples.
 */
static const char *read_phases(struct chart *c, const json_t *record)
{
	const char *unended = NULL;
	const json_t *item;
	size_t i;
	uint64_t end_ns = 0;
	json_array_foreach (json_object_get(record, "phases"), i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		json_int_t start = json_integer_value(json_object_get(item, "start_ns"));
		json_int_t end = json_integer_value(json_object_get(item, "end_ns"));
		if (name == NULL || start < 0 || c->phase_count == CHART_PHASES_MAX)
			continue;
		if (c->phase_count > 0 && (uint64_t)start < end_ns)
			c->phases[c->phase_count - 1].name = "rounds of load";
		else
			c->phases[c->phase_count++] = (struct chart_phase){ name, (uint64_t)start };
		end_ns = end > 0 && (uint64_t)end > end_ns ? (uint64_t)end : end_ns;
		c->span_ns = (uint64_t)start > end_ns ? (uint64_t)start : end_ns;
		if (json_is_null(json_object_get(item, "end_ns")))
			unended = name;
	}
	if (unended != NULL)
		c->span_ns = 0;
	return unended;
}

static void add_moment(struct plot *p, struct fact t_ns, enum ink ink, const char *what)
{
	char when[UNITS_TEXT_MAX];
	struct moment *m = &p->moments[p->moment_count];
	if (!fact_known(t_ns))
		return;
	p->moment_count++;
	m->t_ns = t_ns.value;
	m->ink = ink;
	snprintf(m->text, sizeof(m->text), "%s: %s", figure_duration(t_ns, when), what);
}

static void find_moments(struct plot *p)
{
	const struct facts *f = &p->run->facts;
	char text[96], size[UNITS_TEXT_MAX];
	add_moment(p, f->oom_event_ns, INK_BAD, "out of memory");
	if (run_ended_first(f)) {
		snprintf(text, sizeof(text), "the server %s",
			 run_crashed(p->run) ? verdict_words(p->run)->clause : "ended");
		add_moment(p, f->server_end_ns, INK_BAD, text);
	}
	for (size_t i = 0; fact_known(f->squeezed_usage_bytes) && i < p->chart.phase_count; i++)
		if (strcmp(p->chart.phases[i].name, "squeeze") == 0) {
			snprintf(text, sizeof(text), "page cache freed, %s stayed",
				 figure_size(f->squeezed_usage_bytes, size));
			add_moment(p, fact_of(p->chart.phases[i].start_ns), INK_GOOD, text);
		}
}

static int read_run(struct plot *p, struct error *err)
{
	const json_t *scenario = json_object_get(p->run->record, "scenario");
	json_int_t hz = json_integer_value(json_object_get(scenario, "sample_hz"));
	p->chart.page = &p->page;
	p->chart.columns = (size_t)(p->page.width - CHART_LABEL_COLUMNS);
	p->unended = read_phases(&p->chart, p->run->record);
	struct timeline_options options = {
		.folder = p->run->folder,
		.columns = p->chart.columns,
		.span_ns = p->chart.span_ns,
		.sample_hold_ns = PERIODS_HELD * NS_PER_S / (uint64_t)(hz > 0 ? hz : SAMPLE_HZ_DEFAULT),
		.lag_json = json_string_value(json_object_get(json_object_get(scenario, "server"), "canary")),
		.lag_hold_ns = LAG_HOLD_NS,
	};
	if (timeline_read(&p->timeline, &options, err) != 0)
		return -1;
	p->chart.span_ns = p->timeline.span_ns;
	find_moments(p);
	return 0;
}

static void draw_run(struct plot *p)
{
	const struct timeline *t = &p->timeline;
	heading_add(&p->page, p->run);
	if (t->samples > 0 && (p->chart.phase_count == 0 || p->unended != NULL)) {
		char *text = xasprintf("the rig did not end this run: its %s%s, and requests under way at the end have "
				       "no row",
				       p->unended != NULL ? "record ends in the phase " : "phases were not recorded",
				       p->unended != NULL ? p->unended : "");
		page_wrap(&p->page, INK_WARN, "", text);
		free(text);
	}
	if (t->samples == 0) {
		char *taken = gc_taken_words(p->run->record);
		char *why = xasprintf("nothing to draw: %s", taken != NULL ? taken : "this run has no samples");
		page_wrap(&p->page, INK_WARN, "\n", why);
		free(why);
		free(taken);
		for (size_t i = 0; i < p->run->evidence_count; i++)
			page_wrap(&p->page, INK_PLAIN, "  ", p->run->evidence[i]);
	} else {
		draw_memory(p);
		draw_requests(p);
		draw_lag(p);
		chart_axis(&p->chart);
	}
	buf_addc(&p->page.text, '\n');
	/* Not wrapped: paths are there to be copied. */
	if (t->left_out > 0)
		page_ink(&p->page, INK_WARN, "%llu %s: %s\n", (unsigned long long)t->left_out,
			 t->left_out == 1 ? "row left out" : "rows left out, the first", t->first_left_out);
	heading_record(&p->page, p->run);
}

static int plot_write(FILE *out, const struct run_list *runs, struct error *err)
{
	errno = 0;
	for (size_t i = 0; i < runs->count; i++) {
		struct plot p = { .run = &runs->summaries[i] };
		page_init(&p.page, out);
		if (i > 0)
			buf_addc(&p.page.text, '\n');
		int rc = read_run(&p, err);
		if (rc == 0)
			draw_run(&p);
		timeline_release(&p.timeline);
		page_write(&p.page, out);
		page_release(&p.page);
		if (rc != 0)
			return -1;
	}
	if (fflush(out) != 0 || ferror(out))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the report");
	return 0;
}

const struct exporter plot_exporter = {
	.name = "plot",
	.summary = "for people: memory, requests and the lag of clean-up over the time of each run",
	.write = plot_write,
};
