/*
 * value - one key of a scenario file: the row that describes it, and its value's
 * way from text into the struct, out as JSON, and to an end.
 *
 * A row says where a key lives in the resolved struct, how it is written, its
 * default, its range and its meaning.  Rows are constant; the functions are for
 * any thread that owns the struct they work on.
 */
#ifndef OOMRIG_SCENARIO_VALUE_H
#define OOMRIG_SCENARIO_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum key_type {
	KEY_TEXT,      /* char *; one of .choices where the row has any */
	KEY_CHOICE,    /* enum; its value is the index in .choices */
	KEY_BOOL,      /* bool */
	KEY_COUNT,     /* uint64_t */
	KEY_NUMBER,    /* double */
	KEY_SIZE,      /* uint64_t bytes; "none" is 0 */
	KEY_RATE,      /* uint64_t bytes/s; "none" is 0 */
	KEY_DURATION,  /* uint64_t ns; "none" is 0 */
	KEY_TEXT_LIST, /* struct string_list; a single value is a list of one */
	KEY_SIZE_LIST, /* struct size_list; likewise */
	KEY_MAP,       /* struct string_map; a later file or --set adds to it or replaces single entries */
	KEY_TABLE,     /* embedded struct described by .table */
	KEY_GROUPS,    /* struct group_list, each item described by .table */
};

struct key_row {
	const char *name; /* NULL ends a table */
	enum key_type type;
	size_t offset;		  /* in the struct that the table describes */
	const char *default_text; /* as a user would write it; NULL: zero, empty or absent */
	uint64_t min, max;	  /* checked for figures when max != 0, in the unit of the field */
	const char *const *choices;
	int (*check)(const char *text, struct error *err); /* of a text or of each item of a text list; may be NULL */
	const struct key_row *table;
	bool none_by_word; /* of a size: "none" is no limit, and 0 or null a slip */
	const char *doc;
};

/*
 * One value.  base is the struct that holds the field.  Errors say what was
 * expected; where it stood is the caller's to add.  Setting a list makes it a
 * list of one.
 */
int value_set(const struct key_row *row, void *base, const char *text, struct error *err);
/* A list from one text, "269MB,618MB": the form of --set and of defaults. */
int value_set_list(const struct key_row *row, void *base, const char *text, struct error *err);

/* Lists: adds one item; maps: adds or replaces one entry. */
int value_append(const struct key_row *row, void *base, const char *text, struct error *err);
void value_put(const struct key_row *row, void *base, const char *key, const char *text);

/* Frees what the value owns and zeroes its field.  Tables and groups are their rows' business: see schema_release(). */
void value_release(const struct key_row *row, void *base);

/* The value as JSON that a scenario file could hold; the caller owns it. */
json_t *value_dump(const struct key_row *row, const void *base);

/* "a size (such as 256MiB, 256Mi, 618MB or 327680)" and "size": what a key takes, for messages and for the reference.
 */
const char *value_expected(const struct key_row *row);
const char *value_type_name(const struct key_row *row);

/* Writes "1 to 100" with the unit of the type; "" when the row has no range.  Returns out. */
#define VALUE_RANGE_MAX 96
const char *value_range(const struct key_row *row, char out[VALUE_RANGE_MAX]);

#endif
