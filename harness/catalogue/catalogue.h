/*
 * catalogue - everything that a command line or a scenario file can name: scenarios,
 * presets and behaviours of the bundled server, ways to cap memory, networks,
 * formats.  It is asked of those that know it, and a scenario that cannot be read
 * stands in it with its error.  Main thread.
 */
#ifndef OOMRIG_CATALOGUE_CATALOGUE_H
#define OOMRIG_CATALOGUE_CATALOGUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * The document of `oomrig list --json`; the caller owns it.  program: the folder that
 * the scenarios and the bundled server lie in.  NULL: the scenarios cannot be listed.
 */
json_t *catalogue_read(const char *program, struct error *err);

/* Can all its scenarios be read? */
bool catalogue_is_readable(const json_t *all);

/* catalogue_print.c */
void catalogue_print(FILE *out, const json_t *all);
void catalogue_print_keys(FILE *out);	 /* of a scenario file */
void catalogue_print_figures(FILE *out); /* of a record, which expect_figures can name */

/* The same as a table for a page, and for programs; the latter is the caller's. */
void catalogue_describe_figures(struct buf *out);
json_t *catalogue_figures(void);

#endif
