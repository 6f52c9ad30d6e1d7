#include "run/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"

struct factors {
	unsigned clients, files, size;
};

/* As many bytes as the fullest round brings, with as little as any has in flight. */
static const struct factors warm_up = { 1, 12, 1 };

/* What is in flight only ever rises: memory that is given back late would hide the smaller rounds after larger ones. */
static const struct factors combinations[] = { { 1, 1, 1 }, { 1, 2, 1 }, { 1, 1, 2 }, { 1, 2, 2 },
					       { 3, 1, 1 }, { 3, 2, 1 }, { 3, 1, 2 }, { 3, 2, 2 } };
#define COMBINATIONS COUNT(combinations)

static const struct factors *factors_of(uint64_t rounds, size_t round)
{
	return round == 0 ? &warm_up : &combinations[(round - 1) * COMBINATIONS / (rounds - 1)];
}

static void vary(struct load_group *g, const struct factors *by)
{
	const uint64_t *sizes = g->size.items;

	g->clients *= by->clients;
	g->files *= by->files;
	g->size.items = xcalloc(g->size.count + 1, sizeof(*g->size.items));
	for (size_t i = 0; i < g->size.count; i++)
		g->size.items[i] = sizes[i] * by->size;
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
		vary(&varied->items[i], factors_of(s->rounds, round));
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
