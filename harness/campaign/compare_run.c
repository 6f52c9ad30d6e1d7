#include "campaign/compare_run.h"

#include <gsl/gsl_rng.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct side {
	const char *name;
	struct run_list *list;
	struct checkout checkout; /* of a commit */
	char *text, **words;	  /* of a command */
};

static int side_init(struct side *side, const struct compare_run_options *o, struct interrupt *interrupt,
		     struct error *err)
{
	bool builds;
	if (o->command != NULL) {
		if (checkout_make(&side->checkout, &o->checkout, interrupt, side->name, &builds, err) != 0)
			return -1;
		return builds ? 0 : -1; /* the error says what the build said */
	}
	char *save = NULL;
	size_t count = 0;
	side->text = xstrdup(side->name);
	for (char *word = strtok_r(side->text, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
		side->words = xrealloc(side->words, (count + 2) * sizeof(*side->words));
		side->words[count++] = word;
		side->words[count] = NULL;
	}
	return count > 0 ? 0 : error_set(err, ERROR_USAGE, "a side's command is empty");
}

static void side_release(struct side *side)
{
	checkout_remove(&side->checkout);
	free(side->text);
	free(side->words);
}

static int run_side(struct campaign *c, struct scenario *s, const struct compare_run_options *o,
		    const struct side *side, size_t number, struct error *err)
{
	char what[96];
	size_t run;
	if (o->command != NULL)
		checkout_set_command(&side->checkout, s, o->command);
	else
		scenario_set_command(s, side->words);
	snprintf(what, sizeof(what), "%.40s, run %zu of %zu", side->name, number + 1, o->runs);
	c->options.label = side->name;
	c->left_min = c->left_max = 2 * o->runs - c->runs.count;
	if (trial(c, s, what, &run, err) != 0)
		return -1;
	return run_list_add(side->list, json_incref(c->runs.records[run]), err);
}

int compare_run(struct campaign *c, struct scenario *s, const struct compare_run_options *options,
		struct run_list lists[2], struct error *err)
{
	struct side sides[2] = { { .name = options->names[0], .list = &lists[0] },
				 { .name = options->names[1], .list = &lists[1] } };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int rc = 0;
	gsl_rng_set(rng, (unsigned long)options->seed);
	for (size_t k = 0; rc == 0 && k < 2; k++)
		rc = side_init(&sides[k], options, c->interrupt, err);
	for (size_t i = 0; rc == 0 && i < options->runs; i++) {
		size_t first = gsl_rng_uniform_int(rng, 2);
		for (size_t k = 0; rc == 0 && k < 2; k++) {
			size_t which = k == 0 ? first : 1 - first;
			rc = run_side(c, s, options, &sides[which], i, err);
		}
	}
	gsl_rng_free(rng);
	side_release(&sides[0]);
	side_release(&sides[1]);
	return rc;
}
