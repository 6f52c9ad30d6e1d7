#include "run/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { TWICE_CLIENTS = 1, TWICE_FILES = 2, TWICE_SIZE = 4, TWICE_ALL = 7 };

/* In an order whose first half alone tells the three apart. */
static const unsigned combinations[] = { 0,
					 TWICE_CLIENTS | TWICE_FILES,
					 TWICE_CLIENTS | TWICE_SIZE,
					 TWICE_FILES | TWICE_SIZE,
					 TWICE_ALL,
					 TWICE_SIZE,
					 TWICE_FILES,
					 TWICE_CLIENTS };

static void vary(struct load_group *g, unsigned twice)
{
	const uint64_t *sizes = g->size.items;

	if (twice & TWICE_CLIENTS)
		g->clients *= 2;
	if (twice & TWICE_FILES)
		g->files *= 2;
	g->size.items = xcalloc(g->size.count + 1, sizeof(*g->size.items));
	for (size_t i = 0; i < g->size.count; i++)
		g->size.items[i] = sizes[i] * (twice & TWICE_SIZE ? 2 : 1);
}

const struct group_list *rounds_groups(struct rounds *r, const struct scenario *s, size_t round)
{
	struct group_list *varied = &r->varied[round];

	if (s->rounds <= 1)
		return &s->load;
	if (varied->items != NULL)
		return varied;
	varied->count = s->load.count;
	varied->items = xcalloc(varied->count, sizeof(*varied->items));
	memcpy(varied->items, s->load.items, varied->count * sizeof(*varied->items));
	for (size_t i = 0; i < varied->count; i++)
		vary(&varied->items[i], round == 0 ? TWICE_ALL : combinations[(round - 1) % 8]);
	return varied;
}

uint64_t rounds_clients(const struct group_list *groups)
{
	uint64_t clients = 0;

	for (size_t i = 0; i < groups->count; i++)
		clients += groups->items[i].clients;
	return clients;
}

void rounds_release(struct rounds *r)
{
	for (size_t n = 0; n < FACTS_ROUNDS_MAX; n++) {
		for (size_t i = 0; i < r->varied[n].count; i++)
			free(r->varied[n].items[i].size.items);
		free(r->varied[n].items);
	}
	memset(r, 0, sizeof(*r));
}
