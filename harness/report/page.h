/*
 * page - the text of one terminal report while it is put together: how wide it
 * is, whether it may use colours and Unicode, and the few shapes all reports are
 * made of (ink, wrapped text, bars).
 *
 * Life cycle: page_init() asks the stream, the locale and the environment once;
 * page_*() append to .text; page_write() hands all of it to the stream;
 * page_release().  Main thread (progress.c keeps one under its own lock).
 */
#ifndef OOMRIG_REPORT_PAGE_H
#define OOMRIG_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/columns.h"

struct page {
	struct buf text;
	int width; /* columns */
	bool colour, utf8;
};

enum ink { INK_PLAIN, INK_STRONG, INK_FAINT, INK_GOOD, INK_WARN, INK_BAD, INK_ALARM };

/* Characters with an ASCII stand-in. */
enum glyph {
	GLYPH_CHECK,
	GLYPH_CROSS,
	GLYPH_BULLET,
	GLYPH_ARROW,
	GLYPH_RANGE, /* between two figures */
	GLYPH_AT_LEAST,
	GLYPH_SEPARATOR,
	GLYPH_RULE,
	GLYPH_ELLIPSIS,
	GLYPH_ANON, /* cells of a bar */
	GLYPH_SHMEM,
	GLYPH_KERNEL,
	GLYPH_CACHE,
	GLYPH_OTHER,
	GLYPH_FREE,
	GLYPH_RANGE_CELL, /* cells of a chart: between the lowest and the highest */
	GLYPH_LIMIT,
	GLYPH_BOUNDARY, /* between two phases */
	GLYPH_FRAME,	/* frame of a chart: a row, one with a figure, the base, a moment on the base */
	GLYPH_TICK,
	GLYPH_BASE,
	GLYPH_MOMENT,
	GLYPH_LEVELS, /* an eighth of a cell to eight of them: GLYPH_LEVELS + 0 to 7 */
	GLYPHS = GLYPH_LEVELS + 8
};

void page_init(struct page *p, FILE *out);
void page_write(const struct page *p, FILE *out);
void page_release(struct page *p);

const char *page_glyph(const struct page *p, enum glyph glyph);

/* Appends text in that ink; nothing but the text where there are no colours. */
void page_ink(struct page *p, enum ink ink, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Appends text broken at spaces into lines of the page's width.  The first line
 * begins with lead, the others are indented by as many columns.  Ends in '\n'.
 */
void page_wrap(struct page *p, enum ink ink, const char *lead, const char *text);

/* The same behind a lead of that many columns that is already there. */
void page_wrap_from(struct page *p, enum ink ink, int indent, const char *text);

/* Ends a line that has come to that column with an id, which is not broken: on a line of its own where it must. */
void page_id(struct page *p, int column, const char *id);

/* Appends "  # text", on a line of its own when it has no room; *column is where the line has come to. */
void page_legend(struct page *p, int *column, enum glyph glyph, enum ink ink, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

struct bar_part {
	enum glyph glyph;
	enum ink ink;
	uint64_t value;
};

/* Appends a bar of that many cells; scale is what all cells are worth.  What is above it is not drawn. */
void page_bar(struct page *p, const struct bar_part *parts, size_t count, uint64_t scale, int cells);

#endif
