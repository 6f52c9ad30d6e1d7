/*
 * columns - how wide a terminal is, and where a text is broken so that it fits.  Every
 * character of UTF-8 counts one column.  Any thread.
 */
#ifndef OOMRIG_BASE_COLUMNS_H
#define OOMRIG_BASE_COLUMNS_H

#include <stddef.h>
#include <stdio.h>

/* COLUMNS, as ls(1) and git take it, before the terminal's own word; 80 where nobody knows.  Within 40 to 160. */
int columns_of(FILE *out);

/* Columns a UTF-8 string takes. */
int text_columns(const char *text);

/* Length in bytes of the part of text that is put on a line of that many columns (at least one character). */
size_t text_break(const char *text, int columns);

#endif
