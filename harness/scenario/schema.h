/*
 * schema - the tables of rows behind scenario files, and the walks over them.
 * Reading YAML, --set, defaults, range checks, the JSON dump, the key reference
 * and freeing all walk these rows, so that a new key is one row.
 *
 * Tables nest: KEY_TABLE is a struct inside the struct, KEY_GROUPS a list of
 * load groups.  The functions below are for any thread that owns the struct they
 * work on.
 */
#ifndef OOMRIG_SCENARIO_SCHEMA_H
#define OOMRIG_SCENARIO_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scenario/scenario.h"
#include "scenario/value.h"

extern const struct key_row scenario_keys[]; /* struct scenario */
extern const struct key_row server_keys[];   /* struct server_spec: what scenarios/servers/NAME.yaml holds */
extern const struct key_row group_keys[];    /* struct load_group */

/* The row called name (len bytes), or NULL. */
const struct key_row *schema_find(const struct key_row *rows, const char *name, size_t len);

/* Fills *err (ERROR_INPUT) with "unknown key 'NAME'" and what was probably meant.  Returns -1. */
int schema_unknown_key(const struct key_row *rows, const char *name, struct error *err);

/* Fills base (zeroed by the caller) with the defaults of all rows; a bad default is ERROR_BUG. */
int schema_defaults(const struct key_row *rows, void *base, struct error *err);

/* Frees what the rows own and zeroes their fields. */
void schema_release(const struct key_row *rows, void *base);

/* Calls visit for every row that holds a value, with its dotted path ("server.upload.path", "load.*.size"). */
void schema_walk(void (*visit)(void *arg, const char *path, const struct key_row *row), void *arg);

#endif
