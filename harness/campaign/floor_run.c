#include "campaign/floor_run.h"

#include <stdlib.h>
#include <string.h>

/* The run without a cap: what the server takes when nothing stops it is the first guess. */
static int run_uncapped(struct campaign *c, struct scenario *s, struct floor_result *out, struct error *err)
{
	s->memory_bytes = 0;
	if (trial(c, s, "floor, first run", &out->uncapped_run, err) != 0)
		return -1;
	const struct run_summary *run = &c->runs.summaries[out->uncapped_run];
	out->uncapped_bytes = run->facts.peak_unreclaimable_bytes;
	out->guess_bytes = floor_guess(&run->facts);
	if (!run_survived(run))
		return error_set(err, ERROR_INPUT, "'%s' has no floor: its server %s without any cap", s->name,
				 verdict_words(run)->clause);
	if (!fact_known(out->guess_bytes) || out->guess_bytes.value == 0)
		return error_set(err, ERROR_ENVIRONMENT, "the unreclaimable peak of run '%s' is not known", run->id);
	return 0;
}

static int search(struct campaign *c, struct scenario *s, struct floor_result *out, struct error *err)
{
	uint64_t cap_bytes;
	while (floor_next(out->search, &cap_bytes)) {
		char what[64];
		snprintf(what, sizeof(what), "floor, run %zu of at most %zu", out->count + 2, out->budget);
		s->memory_bytes = cap_bytes;
		c->left_max = out->budget - out->count - 1;
		size_t run;
		if (trial(c, s, what, &run, err) != 0)
			return -1;
		out->trials = xrealloc(out->trials, (out->count + 1) * sizeof(*out->trials));
		struct floor_trial *t = &out->trials[out->count++];
		*t = (struct floor_trial){ run, cap_bytes, run_survived(&c->runs.summaries[run]) };
		floor_add(out->search, cap_bytes, t->survived);
	}
	return 0;
}

int floor_run(struct campaign *c, struct scenario *s, double precision, size_t budget, struct floor_result *out,
	      struct error *err)
{
	uint64_t memory_bytes = s->memory_bytes;
	out->scenario = s->name;
	out->precision = precision;
	out->budget = budget;
	int rc = run_uncapped(c, s, out, err);
	if (rc == 0) {
		struct floor_options o = { out->guess_bytes.value, precision, budget - 1 };
		out->search = floor_new(&o);
		rc = search(c, s, out, err);
	}
	s->memory_bytes = memory_bytes;
	return rc;
}

void floor_result_release(struct floor_result *r)
{
	floor_free(r->search);
	free(r->trials);
	memset(r, 0, sizeof(*r));
}
