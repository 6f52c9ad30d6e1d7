/*
 * out - the one way by which text reaches a page.  Whatever it holds, it stays
 * text: first it is shown as everywhere (base/text.h: control characters, marks
 * that turn the direction of writing and bytes that are not UTF-8 become visible,
 * secrets "***"), then what is markup in HTML stands for itself.  Writing fails
 * quietly, and shows in ferror().  Any thread that owns the stream.
 */
#ifndef OOMRIG_HTML_OUT_H
#define OOMRIG_HTML_OUT_H

#include <jansson.h>
#include <stdio.h>

#include "base/fact.h"
#include "base/units.h"
#include "facts/words.h"

/* Foreign or our own, as text of an element or within quotes; html_lines() keeps the lines.  NULL: nothing. */
void html_text(FILE *out, const char *text);
void html_lines(FILE *out, const char *text, size_t len);

/*
 * Prints markup: in fmt %t is a text, to be escaped, %i a size_t, %d an int; any other '%' stands for itself, and so
 * does "%%".
 */
void html_put(FILE *out, const char *fmt, ...);

/* A JSON document inside a <script>: "</script>" cannot end it. */
void html_json(FILE *out, const json_t *json);
/* One string of it. */
void html_json_text(FILE *out, const char *text);
/* One figure of it: at most `decimals` decimals, no needless zeros; NAN is null. */
void html_json_number(FILE *out, double value, int decimals);

/* A row of a table with a heading and a figure, left out when the figure is absent. */
void html_fact_row(FILE *out, const char *name, struct fact f,
		   const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]));
void html_text_row(FILE *out, const char *name, const char *text);

/* The class of a tone: "good", "warn", "bad", "alarm". */
const char *html_tone(enum outcome_tone tone);

#endif
