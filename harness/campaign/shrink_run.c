#include "campaign/shrink_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"

/* Of "--set": digits and the unit that the key reads. */
static const char *plain(uint64_t value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%llu", (unsigned long long)value);
	return out;
}

static const char *milliseconds(uint64_t value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%llums", (unsigned long long)(value / NS_PER_MS));
	return out;
}

static uint64_t *clients_of(struct load_group *g)
{
	return &g->clients;
}

static uint64_t *files_of(struct load_group *g)
{
	return &g->files;
}

/* A list of sizes is taken in turn: which of them crashes it is another question. */
static uint64_t *size_of(struct load_group *g)
{
	return g->kind == GROUP_UPLOAD && g->size.count == 1 && g->file == NULL ? &g->size.items[0] : NULL;
}

static uint64_t *duration_of(struct load_group *g)
{
	return &g->duration_ns;
}

/* In this order: what makes a run shorter first makes the rest cheaper. */
static const struct dimension {
	const char *key;
	uint64_t least, unit;		       /* of values; 1: whole numbers */
	uint64_t *(*of)(struct load_group *g); /* NULL: this group has none; 0 there: no limit, nothing to shrink */
	const char *(*format)(uint64_t value, char out[UNITS_TEXT_MAX]);
} dimensions[] = {
	{ "clients", 1, 1, clients_of, plain },
	{ "files", 1, 1, files_of, plain },
	{ "duration", 100 * NS_PER_MS, NS_PER_MS, duration_of, milliseconds },
	{ "size", 4096, 1000, size_of, plain },
};
#define DIMENSIONS COUNT(dimensions)

static void add_figure(struct shrink_result *out, struct load_group *g, const struct dimension *d)
{
	uint64_t *value = d->of(g);
	if (value == NULL)
		return;
	out->search->figures[out->count] =
		(struct shrink_figure){ .before = *value, .least = d->least, .unit = d->unit };
	out->keys[out->count++] = (struct shrink_key){ xasprintf("load.%s.%s", g->name, d->key), value, d->format };
}

static void list_figures(struct scenario *s, const struct shrink_options *options, struct shrink_result *out)
{
	out->search = shrink_new(s->load.count * DIMENSIONS, options);
	out->keys = xcalloc(s->load.count * DIMENSIONS + 1, sizeof(*out->keys));
	for (size_t i = 0; i < s->load.count; i++)
		for (size_t k = 0; k < DIMENSIONS; k++)
			add_figure(out, &s->load.items[i], &dimensions[k]);
	out->search->count = out->count;
}

static void set_load(const struct shrink_result *r, bool found)
{
	for (size_t i = 0; i < r->count; i++)
		*r->keys[i].value = found ? r->search->figures[i].crashes : r->search->figures[i].now;
}

int shrink_run(struct campaign *c, struct scenario *s, const struct shrink_options *options, struct shrink_result *out,
	       struct error *err)
{
	int rc = 0;
	list_figures(s, options, out);
	while (rc == 0 && shrink_next(out->search)) {
		char what[64];
		size_t run;
		set_load(out, false);
		snprintf(what, sizeof(what), "shrink, run %zu", out->search->runs + 1);
		c->left_max = out->search->options.budget - out->search->runs;
		rc = trial(c, s, what, &run, err);
		if (rc == 0)
			shrink_tell(out->search, run_crashed(&c->runs.summaries[run]));
	}
	set_load(out, true);
	if (rc == 0 && !shrink_found(out))
		rc = error_set(err, ERROR_INPUT,
			       "'%s' does not crash its server every time: there is nothing to shrink%s", s->name,
			       out->search->end == SHRINK_BUDGET_USED ? " within the budget" : "");
	return rc;
}

bool shrink_found(const struct shrink_result *r)
{
	return r->search != NULL && r->search->crashed;
}

void shrink_result_release(struct shrink_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->keys[i].name);
	free(r->keys);
	shrink_free(r->search);
	memset(r, 0, sizeof(*r));
}
