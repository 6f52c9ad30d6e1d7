/*
 * layout - the frame of a page: head with style, foot with scripts and licence, and
 * the figure that holds one chart.  Nothing in a page is fetched from anywhere.
 */
#ifndef OOMRIG_HTML_LAYOUT_H
#define OOMRIG_HTML_LAYOUT_H

#include <stdio.h>

void layout_begin(FILE *out, const char *title);
void layout_end(FILE *out);

struct chart_figure {
	const char *id;	     /* of the figure, unique in the page */
	const char *data;    /* id of the <script> with its data */
	const char *heading; /* foreign text may stand in it */
	const char *words;   /* what it shows, for those who do not see it as well */
	const char *spec;    /* JSON of ours: page.js says what it may hold */
};

/* An empty figure that page.js draws into; a text stands there where it cannot. */
void layout_chart(FILE *out, const struct chart_figure *c);

#endif
