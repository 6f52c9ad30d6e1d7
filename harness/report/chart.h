/*
 * chart - figures over time drawn with characters: panels of stacked layers one
 * above the other on one time axis.  Pure: numbers in, text out.
 *
 * Life cycle: fill in struct chart, then chart_panel() for each panel, with
 * chart_moment() below the panel it belongs to, and chart_axis() at the end.
 * Arrays hold one entry for each column (those of timeline_column()) and are
 * borrowed.  Main thread.
 */
#ifndef OOMRIG_REPORT_CHART_H
#define OOMRIG_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fact.h"
#include "base/units.h"
#include "report/page.h"

#define CHART_LABEL_COLUMNS 10 /* to the left of the cells, the frame's own column included */
#define CHART_PHASES_MAX 16

struct chart_phase {
	const char *name;
	uint64_t start_ns;
};

struct chart {
	struct page *page;
	size_t columns;
	uint64_t span_ns;			     /* all columns together, from 0 */
	struct chart_phase phases[CHART_PHASES_MAX]; /* by start */
	size_t phase_count;
};

/* From the top of the layer before it to its own, in the unit of the scale. */
struct chart_layer {
	enum glyph glyph;
	enum ink ink;
	bool fine; /* its top cell may be filled in eighths */
	const double *tops;
};

#define CHART_LAYERS_MAX 4

struct chart_panel {
	int rows;
	int label_rows; /* a figure at every so many rows */
	double scale;	/* of the top edge; above 0 */
	const char *(*label)(double value, char out[UNITS_TEXT_MAX]);
	struct chart_layer layers[CHART_LAYERS_MAX]; /* the lowest first */
	size_t layer_count;
	/* absent: a gap, in the base line too; unreadable: '?' on the lowest row, below what else is known */
	const enum fact_state *states;
	double limit;	     /* a line at that height; 0: none */
	const bool *moments; /* columns marked on the base line; NULL: none */
};

void chart_panel(const struct chart *c, const struct chart_panel *p);

/* A line that points at a moment from below. */
void chart_moment(const struct chart *c, uint64_t t_ns, enum ink ink, const char *text);

/* The names of the phases, and the times. */
void chart_axis(const struct chart *c);

/* The least of 1, 2, 3, 4, 5, 6 and 8 times a power of `base` (2 or 10) that is not below the value. */
double chart_round_up(double value, double base);

#endif
