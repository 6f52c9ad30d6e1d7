/*
 * app - app.jsonl: what the server says of itself, an object for each answer:
 * {"t_ns", "figures"}, times in ns since the run's origin.
 *
 * Life cycle of a reader: app_open(); app_next() while it gives 1; app_close(),
 * also when opening failed.  One thread.
 */
#ifndef OOMRIG_RECORD_APP_H
#define OOMRIG_RECORD_APP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "record/lines.h"

#define APP_FILE "app.jsonl"

/* Writes a line; takes figures (steals the reference), foreign as they are.  A failed write shows in ferror(). */
void app_write(FILE *out, uint64_t t_ns, json_t *figures);

struct app {
	struct lines lines;
	bool bad; /* this line is not the server's figures */
	uint64_t t_ns;
	json_t *row;	       /* owned */
	const json_t *figures; /* of row; NULL: it has none */
};

/* As lines_open(), lines_next(). */
int app_open(struct app *a, const char *folder, struct error *err);
int app_next(struct app *a, struct error *err);
void app_close(struct app *a);

#endif
