#include "campaign/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "report/figures.h"

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

struct shrink {
	struct campaign *campaign;
	struct scenario *scenario;
	const struct shrink_options *options;
	struct shrink_result *result;
};

enum crash { CRASHES, LIVES, BUDGET_USED };

/* Does the scenario as it is now crash every time? */
static int crashes(struct shrink *s, enum crash *answer, struct error *err)
{
	*answer = CRASHES;
	for (size_t i = 0; i < s->options->confirm && *answer == CRASHES; i++) {
		char what[64];
		size_t run;
		if (s->result->runs >= s->options->budget) {
			*answer = BUDGET_USED;
			return 0;
		}
		snprintf(what, sizeof(what), "shrink, run %zu", s->result->runs + 1);
		s->campaign->left_max = s->options->budget - s->result->runs;
		s->result->runs++;
		if (trial(s->campaign, s->scenario, what, &run, err) != 0)
			return -1;
		if (!run_crashed(&s->campaign->runs.summaries[run]))
			*answer = LIVES;
	}
	return 0;
}

static void note_step(struct shrink *s, const struct load_group *g, const struct dimension *d, uint64_t before,
		      uint64_t after)
{
	struct shrink_result *r = s->result;
	char *key = xasprintf("load.%s.%s", g->name, d->key);
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->steps[i].key, key) == 0) {
			r->steps[i].after = after;
			free(key);
			return;
		}
	r->steps = xrealloc(r->steps, (r->count + 1) * sizeof(*r->steps));
	r->steps[r->count++] = (struct shrink_step){ key, before, after, d->format };
}

/* Between what lives and what crashes: the geometric middle, in the dimension's unit. */
static uint64_t middle(const struct dimension *d, uint64_t lives, uint64_t dies)
{
	uint64_t m = (uint64_t)sqrt((double)lives * (double)dies) / d->unit * d->unit;
	return m <= lives ? lives + d->unit : m;
}

static bool is_close(const struct shrink *s, const struct dimension *d, uint64_t lives, uint64_t dies)
{
	return dies <= lives + d->unit || (d->unit > 1 && (double)dies <= (double)lives * (1 + s->options->precision));
}

/* Makes one figure as small as it can be.  *used: the budget ended it. */
static int shrink_figure(struct shrink *s, struct load_group *g, const struct dimension *d, bool *changed, bool *used,
			 struct error *err)
{
	uint64_t *value = d->of(g);
	if (value == NULL || *value <= d->least)
		return 0;
	uint64_t before = *value, dies = before, lives = 0;
	while (lives == 0 || !is_close(s, d, lives, dies)) {
		enum crash answer;
		*value = lives == 0 ? d->least : middle(d, lives, dies);
		if (*value >= dies)
			break;
		int rc = crashes(s, &answer, err);
		*used = answer == BUDGET_USED;
		if (rc != 0 || *used) {
			*value = dies;
			break;
		}
		if (answer == CRASHES)
			dies = *value;
		else
			lives = *value;
		if (dies == d->least)
			break;
	}
	*value = dies;
	/* What is only within the precision is not worth another round. */
	*changed |= (double)dies * (1 + s->options->precision) < (double)before;
	if (dies != before)
		note_step(s, g, d, before, dies);
	return err->code != ERROR_NONE ? -1 : 0;
}

int shrink_run(struct campaign *c, struct scenario *s, const struct shrink_options *options, struct shrink_result *out,
	       struct error *err)
{
	struct shrink shrink = { c, s, options, out };
	bool changed = true, used = false;
	enum crash answer;
	if (crashes(&shrink, &answer, err) != 0)
		return -1;
	if (answer != CRASHES)
		return error_set(err, ERROR_INPUT,
				 "'%s' does not crash its server every time: there is nothing to shrink%s", s->name,
				 answer == BUDGET_USED ? " within the budget" : "");
	while (changed && !used) {
		changed = false;
		for (size_t i = 0; i < s->load.count && !used; i++)
			for (size_t k = 0; k < sizeof(dimensions) / sizeof(dimensions[0]) && !used; k++)
				if (shrink_figure(&shrink, &s->load.items[i], &dimensions[k], &changed, &used, err) !=
				    0)
					return -1;
	}
	out->complete = !used;
	return 0;
}

void shrink_settings(struct buf *b, const struct shrink_result *r)
{
	for (size_t i = 0; i < r->count; i++) {
		char text[UNITS_TEXT_MAX];
		buf_addf(b, " --set %s=%s", r->steps[i].key, r->steps[i].format(r->steps[i].after, text));
	}
}

void shrink_result_release(struct shrink_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->steps[i].key);
	free(r->steps);
	memset(r, 0, sizeof(*r));
}
