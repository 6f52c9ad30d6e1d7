#include "scenario/value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/mask.h"
#include "base/text.h"
#include "base/units.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

_Static_assert(sizeof(enum body_kind) == sizeof(unsigned), "choices are stored as unsigned");

/* What there is to know about each key_type; the fields that a type has no use for are NULL. */
struct type_ops {
	const char *name;
	const char *expected;
	int (*set)(const struct key_row *row, void *field, const char *text, struct error *err);
	void (*release)(const struct key_row *row, void *field);
	json_t *(*dump)(const struct key_row *row, const void *field);
	void (*format)(uint64_t value, char out[UNITS_TEXT_MAX]); /* of .min and .max */
};

static void *field_of(const struct key_row *row, const void *base)
{
	return (char *)base + row->offset;
}

/* Texts */

static int check_text(const struct key_row *row, const char *text, struct error *err)
{
	if (row->check != NULL)
		return row->check(text, err);
	if (row->choices == NULL)
		return 0;
	for (const char *const *c = row->choices; *c != NULL; c++)
		if (strcmp(*c, text) == 0)
			return 0;
	return words_unknown("value", text, row->choices, err);
}

static int set_text(const struct key_row *row, void *field, const char *text, struct error *err)
{
	if (check_text(row, text, err) != 0)
		return -1;
	char **s = field;
	free(*s);
	*s = xstrdup(text);
	return 0;
}

static void release_text(const struct key_row *row, void *field)
{
	(void)row;
	char **s = field;
	free(*s);
	*s = NULL;
}

/* Without the secrets that stand in it; those too short to be known by themselves are told by their names. */
static json_t *dump_one(const char *text)
{
	char *shown = mask_named(text);
	json_t *json = text_json(shown);
	free(shown);
	return json;
}

static json_t *dump_text(const struct key_row *row, const void *field)
{
	(void)row;
	const char *s = *(char *const *)field;
	return s == NULL ? json_null() : dump_one(s);
}

static int set_choice(const struct key_row *row, void *field, const char *text, struct error *err)
{
	if (check_text(row, text, err) != 0)
		return -1;
	unsigned index = 0;
	while (strcmp(row->choices[index], text) != 0)
		index++;
	*(unsigned *)field = index;
	return 0;
}

static json_t *dump_choice(const struct key_row *row, const void *field)
{
	return json_string(row->choices[*(const unsigned *)field]);
}

/* Figures */

static int set_bool(const struct key_row *row, void *field, const char *text, struct error *err)
{
	/* YAML 1.1's words, as people write them. */
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcasecmp(words[i], text) == 0) {
			*(bool *)field = i % 2 == 1;
			return 0;
		}
	}
	return error_set(err, ERROR_INPUT, "'%s' is not %s", text, value_expected(row));
}

static json_t *dump_bool(const struct key_row *row, const void *field)
{
	(void)row;
	return json_boolean(*(const bool *)field);
}

static int out_of_range(const struct key_row *row, const char *text, struct error *err)
{
	char range[VALUE_RANGE_MAX];
	return error_set(err, ERROR_INPUT, "'%s' is outside %s", text, value_range(row, range));
}

static int parse_integer(const struct key_row *row, const char *text, uint64_t *out, struct error *err)
{
	static int (*const parse[])(const char *, uint64_t *, struct error *) = {
		[KEY_COUNT] = units_parse_count,    [KEY_SIZE] = units_parse_size,
		[KEY_SIZE_LIST] = units_parse_size, [KEY_DURATION] = units_parse_duration,
		[KEY_RATE] = units_parse_rate,
	};
	uint64_t value = 0;
	bool none = row->type != KEY_COUNT && strcasecmp(text, "none") == 0;
	if (!none && strcmp(text, "0") != 0 && parse[row->type](text, &value, err) != 0)
		return -1;
	if (row->none_by_word && value == 0 && !none)
		return error_set(err, ERROR_INPUT, "'%s' is no limit: that is written none", text);
	if (row->max != 0 && (value < row->min || value > row->max))
		return out_of_range(row, text, err);
	*out = value;
	return 0;
}

static int set_integer(const struct key_row *row, void *field, const char *text, struct error *err)
{
	return parse_integer(row, text, field, err);
}

static int set_number(const struct key_row *row, void *field, const char *text, struct error *err)
{
	char *end;
	errno = 0;
	double value = strtod(text, &end);
	if (text[strspn(text, "0123456789.")] != '\0' || end == text || *end != '\0' || !isfinite(value))
		return error_set(err, ERROR_INPUT, "'%s' is not %s", text, value_expected(row));
	if (row->max != 0 && (value < (double)row->min || value > (double)row->max))
		return out_of_range(row, text, err);
	*(double *)field = value;
	return 0;
}

static json_t *dump_integer(const struct key_row *row, const void *field)
{
	if (row->none_by_word && *(const uint64_t *)field == 0)
		return json_string("none");
	return json_integer((json_int_t) * (const uint64_t *)field);
}

static json_t *dump_number(const struct key_row *row, const void *field)
{
	(void)row;
	return json_real(*(const double *)field);
}

static json_t *dump_rate(const struct key_row *row, const void *field)
{
	(void)row;
	return json_sprintf("%lluB/s", (unsigned long long)*(const uint64_t *)field);
}

/* The largest unit that shows the duration exactly. */
static void exact_duration(uint64_t ns, char out[UNITS_TEXT_MAX])
{
	static const struct {
		uint64_t ns;
		const char *suffix;
	} units[] = {
		{ 3600 * NS_PER_S, "h" }, { NS_PER_S, "s" }, { NS_PER_MS, "ms" }, { NS_PER_US, "us" }, { 1, "ns" }
	};
	size_t i = 0;
	while (ns % units[i].ns != 0 || (ns == 0 && units[i].ns > NS_PER_S))
		i++;
	snprintf(out, UNITS_TEXT_MAX, "%llu%s", (unsigned long long)(ns / units[i].ns), units[i].suffix);
}

static json_t *dump_duration(const struct key_row *row, const void *field)
{
	(void)row;
	char text[UNITS_TEXT_MAX];
	exact_duration(*(const uint64_t *)field, text);
	return json_string(text);
}

static void format_plain(uint64_t value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%llu", (unsigned long long)value);
}

static void format_size(uint64_t value, char out[UNITS_TEXT_MAX])
{
	units_format_size(value, out);
}

/* Lists and maps */

static void release_texts(const struct key_row *row, void *field)
{
	(void)row;
	struct string_list *list = field;
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static int append_text(const struct key_row *row, void *field, const char *text, struct error *err)
{
	if (check_text(row, text, err) != 0)
		return -1;
	struct string_list *list = field;
	list->items = xrealloc(list->items, (list->count + 2) * sizeof(list->items[0]));
	list->items[list->count++] = xstrdup(text);
	list->items[list->count] = NULL;
	return 0;
}

static json_t *dump_texts(const struct key_row *row, const void *field)
{
	(void)row;
	const struct string_list *list = field;
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, dump_one(list->items[i]));
	return array;
}

static void release_sizes(const struct key_row *row, void *field)
{
	(void)row;
	struct size_list *list = field;
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static int append_size(const struct key_row *row, void *field, const char *text, struct error *err)
{
	uint64_t value;
	if (parse_integer(row, text, &value, err) != 0)
		return -1;
	struct size_list *list = field;
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(list->items[0]));
	list->items[list->count++] = value;
	return 0;
}

static json_t *dump_sizes(const struct key_row *row, const void *field)
{
	(void)row;
	const struct size_list *list = field;
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_integer((json_int_t)list->items[i]));
	return array;
}

static void release_map(const struct key_row *row, void *field)
{
	(void)row;
	struct string_map *map = field;
	for (size_t i = 0; i < map->count; i++) {
		free(map->items[i].key);
		free(map->items[i].value);
	}
	free(map->items);
	memset(map, 0, sizeof(*map));
}

static json_t *dump_map(const struct key_row *row, const void *field)
{
	(void)row;
	const struct string_map *map = field;
	json_t *object = json_object();
	for (size_t i = 0; i < map->count; i++)
		json_object_set_new(object, map->items[i].key,
				    dump_one(mask_entry(map->items[i].key, map->items[i].value)));
	return object;
}

static const struct type_ops types[] = {
	[KEY_TEXT] = { "text", "text", set_text, release_text, dump_text, NULL },
	[KEY_CHOICE] = { "choice", "text", set_choice, NULL, dump_choice, NULL },
	[KEY_BOOL] = { "true/false", "true or false", set_bool, NULL, dump_bool, NULL },
	[KEY_COUNT] = { "count", "a whole number (such as 3 or 10k)", set_integer, NULL, dump_integer, format_plain },
	[KEY_NUMBER] = { "number", "a number (such as 2.5)", set_number, NULL, dump_number, format_plain },
	[KEY_SIZE] = { "size", "a size (such as 256MiB, 256Mi, 618MB or 327680)", set_integer, NULL, dump_integer,
		       format_size },
	[KEY_RATE] = { "rate", "a rate (such as 2Mbit/s, 400kbit/s or 1MB/s)", set_integer, NULL, dump_rate,
		       format_plain },
	[KEY_DURATION] = { "duration", "a duration (such as 500ms, 30s or 1h30m)", set_integer, NULL, dump_duration,
			   exact_duration },
	[KEY_TEXT_LIST] = { "list of texts", "text or a list of texts", NULL, release_texts, dump_texts, NULL },
	[KEY_SIZE_LIST] = { "list of sizes", "a size (such as 256MiB, 256Mi, 618MB or 327680) or a list of sizes", NULL,
			    release_sizes, dump_sizes, format_size },
	[KEY_MAP] = { "map", "a mapping of texts", NULL, release_map, dump_map, NULL },
	[KEY_TABLE] = { "keys", "a mapping of keys", NULL, NULL, NULL, NULL },
	[KEY_GROUPS] = { "list of groups", "a list of load groups", NULL, NULL, NULL, NULL },
};

int value_append(const struct key_row *row, void *base, const char *text, struct error *err)
{
	return row->type == KEY_SIZE_LIST ? append_size(row, field_of(row, base), text, err)
					  : append_text(row, field_of(row, base), text, err);
}

int value_set(const struct key_row *row, void *base, const char *text, struct error *err)
{
	if (types[row->type].set != NULL)
		return types[row->type].set(row, field_of(row, base), text, err);
	if (row->type != KEY_TEXT_LIST && row->type != KEY_SIZE_LIST)
		return error_set(err, ERROR_INPUT, "expected %s, found '%s'", value_expected(row), text);
	value_release(row, base);
	return value_append(row, base, text, err);
}

int value_set_list(const struct key_row *row, void *base, const char *text, struct error *err)
{
	char *items = xstrdup(text);
	char *rest = items;
	int ret = 0;
	value_release(row, base);
	for (char *item = strsep(&rest, ","); item != NULL && ret == 0; item = strsep(&rest, ","))
		ret = value_append(row, base, item, err);
	free(items);
	return ret;
}

void value_put(const struct key_row *row, void *base, const char *key, const char *text)
{
	struct string_map *map = field_of(row, base);
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->items[i].key, key) == 0) {
			free(map->items[i].value);
			map->items[i].value = xstrdup(text);
			return;
		}
	}
	map->items = xrealloc(map->items, (map->count + 1) * sizeof(map->items[0]));
	map->items[map->count++] = (struct string_pair){ xstrdup(key), xstrdup(text) };
}

void value_release(const struct key_row *row, void *base)
{
	if (types[row->type].release != NULL)
		types[row->type].release(row, field_of(row, base));
}

json_t *value_dump(const struct key_row *row, const void *base)
{
	return types[row->type].dump(row, field_of(row, base));
}

const char *value_expected(const struct key_row *row)
{
	return types[row->type].expected;
}

const char *value_type_name(const struct key_row *row)
{
	return types[row->type].name;
}

const char *value_range(const struct key_row *row, char out[VALUE_RANGE_MAX])
{
	out[0] = '\0';
	if (row->max == 0 || types[row->type].format == NULL)
		return out;
	char min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];
	types[row->type].format(row->min, min);
	types[row->type].format(row->max, max);
	snprintf(out, VALUE_RANGE_MAX, "%s to %s", min, max);
	return out;
}
