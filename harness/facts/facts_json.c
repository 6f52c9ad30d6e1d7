#include "facts/facts_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/fact_json.h"
#include "base/macros.h"
#include "base/text.h"

/* An array of structs that consist of facts alone. */
struct fact_list {
	const char *key; /* in the JSON */
	const struct fact_row *rows;
	size_t items, count; /* offsets in struct facts */
	size_t size, max;
};

static const struct fact_list fact_lists[] = {
	{ "rounds", round_rows, offsetof(struct facts, rounds), offsetof(struct facts, round_count),
	  sizeof(struct facts_round), FACTS_ROUNDS_MAX },
	{ "series", point_rows, offsetof(struct facts, points), offsetof(struct facts, point_count),
	  sizeof(struct facts_point), FACTS_POINTS_MAX },
	{ "deaths", death_rows, offsetof(struct facts, deaths), offsetof(struct facts, death_count),
	  sizeof(struct facts_death), FACTS_DEATHS_MAX },
	{ "passes", pass_rows, offsetof(struct facts, passes), offsetof(struct facts, pass_count),
	  sizeof(struct facts_pass), FACTS_PASSES_MAX },
};
#define FACT_LISTS COUNT(fact_lists)
enum { LIST_DEATHS = 2 };

static json_t *list_to_json(const struct facts *f, const struct fact_list *list)
{
	json_t *items = json_array();
	size_t count = *(const size_t *)((const char *)f + list->count);
	for (size_t i = 0; i < count; i++) {
		const char *from = (const char *)f + list->items + i * list->size;
		json_t *item = json_object();
		for (const struct fact_row *row = list->rows; row->name != NULL; row++)
			json_object_set_new(item, row->name, fact_to_json(*(const struct fact *)(from + row->offset)));
		json_array_append_new(items, item);
	}
	return items;
}

json_t *facts_deaths_json(const struct facts *f)
{
	return list_to_json(f, &fact_lists[LIST_DEATHS]);
}

/* As long as facts_from_json() takes it: what is shown of a byte is longer than the byte. */
static json_t *text_to_json(const char *text)
{
	struct buf shown = BUF_INIT;
	text_add(&shown, text, strlen(text));
	size_t len = shown.len < FACTS_TEXT_MAX ? shown.len : FACTS_TEXT_MAX - 1;
	while (len < shown.len && len > 0 && ((unsigned char)shown.data[len] & 0xc0) == 0x80)
		len--; /* not inside a character */
	json_t *json = json_stringn(buf_str(&shown), len);
	buf_release(&shown);
	return json;
}

json_t *facts_to_json(const struct facts *f)
{
	json_t *object = json_object();
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		const void *field = (const char *)f + row->offset;
		json_t *value = row->text ? text_to_json(field) : fact_to_json(*(const struct fact *)field);
		json_object_set_new(object, row->name, value);
	}
	for (size_t i = 0; i < FACT_LISTS; i++)
		if (*(const size_t *)((const char *)f + fact_lists[i].count) > 0)
			json_object_set_new(object, fact_lists[i].key, list_to_json(f, &fact_lists[i]));
	return object;
}

static int bad_fact(const struct fact_row *row, const char *expected, struct error *err)
{
	return error_set(err, ERROR_INPUT, "fact '%s' is not %s", row->name, expected);
}

static int read_text(const struct fact_row *row, const json_t *value, char *out, struct error *err)
{
	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value) || json_string_length(value) >= FACTS_TEXT_MAX)
		return bad_fact(row, "a text of less than 512 bytes", err);
	memcpy(out, json_string_value(value), json_string_length(value) + 1);
	return 0;
}

static int read_fact(const struct fact_row *row, const json_t *value, struct fact *out, struct error *err)
{
	return fact_from_json(value, out) == 0 ? 0 : bad_fact(row, "a figure, null or {\"state\":\"unreadable\"}", err);
}

static int read_list(struct facts *f, const json_t *items, const struct fact_list *list, struct error *err)
{
	size_t *count = (size_t *)((char *)f + list->count);
	if (json_array_size(items) > list->max)
		return error_set(err, ERROR_INPUT, "'facts' holds more than %zu %s", list->max, list->key);
	for (; *count < json_array_size(items); (*count)++) {
		const json_t *item = json_array_get(items, *count);
		char *to = (char *)f + list->items + *count * list->size;
		for (const struct fact_row *row = list->rows; row->name != NULL; row++) {
			struct fact *fact = (struct fact *)(to + row->offset);
			if (read_fact(row, json_object_get(item, row->name), fact, err) != 0)
				return error_prefix(err, "item %zu of '%s'", *count + 1, list->key);
		}
	}
	return 0;
}

int facts_from_json(struct facts *f, const json_t *json, struct error *err)
{
	_Static_assert(FACTS_TEXT_MAX == 512, "the message of read_text() names the limit");
	memset(f, 0, sizeof(*f));
	if (!json_is_object(json))
		return error_set(err, ERROR_INPUT, "'facts' is not an object");
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		const json_t *value = json_object_get(json, row->name);
		void *field = (char *)f + row->offset;
		if ((row->text ? read_text(row, value, field, err) : read_fact(row, value, field, err)) != 0)
			return -1;
	}
	for (size_t i = 0; i < FACT_LISTS; i++)
		if (read_list(f, json_object_get(json, fact_lists[i].key), &fact_lists[i], err) != 0)
			return -1;
	return 0;
}
