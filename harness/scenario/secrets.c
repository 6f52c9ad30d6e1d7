#include "scenario/secrets.h"

#include <string.h>

#include "base/mask.h"
#include "scenario/schema.h"

static void learn_map(const struct string_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		mask_learn_entry(map->items[i].key, map->items[i].value);
}

/* The row itself may be named: "body", "path". */
static void learn_text(const struct key_row *row, const char *text)
{
	if (text != NULL && row->choices == NULL)
		mask_learn_entry(row->name, text);
}

static void learn_table(const struct key_row *rows, const void *base)
{
	for (; rows->name != NULL; rows++) {
		const void *field = (const char *)base + rows->offset;
		const struct string_list *list = field;
		if (rows->type == KEY_TABLE)
			learn_table(rows->table, field);
		else if (rows->type == KEY_MAP)
			learn_map(field);
		else if (rows->type == KEY_TEXT)
			learn_text(rows, *(char *const *)field);
		else if (rows->type == KEY_TEXT_LIST && list->count > 0)
			mask_learn_words((const char *const *)list->items, list->count);
	}
}

static void learn_groups(const struct group_list *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		learn_table(group_keys, &groups->items[i]);
}

void secrets_learn(const struct scenario *s)
{
	for (size_t i = 0; i < s->secret.count; i++)
		mask_name(s->secret.items[i]);
	learn_table(server_keys, &s->server);
	learn_groups(&s->prepare);
	learn_groups(&s->load);
}
