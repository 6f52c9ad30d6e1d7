/*
 * svg - small drawings within a page that need no script: an interval on an axis,
 * a curve of survival with its trials.  Each says in a <title> what it shows.
 */
#ifndef OOMRIG_HTML_SVG_H
#define OOMRIG_HTML_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct svg_interval {
	double lo, hi;		    /* may be infinite: an arrow on that side */
	double centre;		    /* NAN: none */
	double from, to;	    /* of the axis */
	bool zero;		    /* a line at 0 */
	const char *colour, *title; /* "c1"; title is escaped */
};

void svg_interval(FILE *out, const struct svg_interval *i);

struct svg_trial {
	uint64_t cap_bytes;
	bool survived;
};

struct svg_survival {
	const struct svg_trial *trials;
	size_t count;
	double (*chance)(const void *arg, uint64_t cap_bytes);
	const void *arg;
	uint64_t p50_bytes, p95_bytes;
	const char *title;
};

void svg_survival(FILE *out, const struct svg_survival *s);

#endif
