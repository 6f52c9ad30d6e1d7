#include "campaign/trial.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

static char *title_of(const struct campaign *c, const struct scenario *s, const char *what, const char *cap)
{
	struct buf title = BUF_INIT;
	buf_addf(&title, "%s  %s  %s", s->name, what, cap);
	estimate_text(&title, &c->estimate, c->left_min, c->left_max);
	return buf_detach(&title);
}

int trial(struct campaign *c, const struct scenario *s, const char *what, size_t *run, struct error *err)
{
	char cap[UNITS_TEXT_MAX];
	const char *cap_text = s->memory_bytes != 0 ? units_format_size(s->memory_bytes, cap) : "no cap";
	char *title = title_of(c, s, what, cap_text), *note = xasprintf("%s, %s", what, cap_text);
	const struct run_summary *last = NULL;
	int rc = 0;
	bool judged = false;
	c->options.title = title;
	for (int tries = 0; rc == 0 && !judged && tries < TRIAL_TRIES; tries++) {
		rc = interrupt_check(err);
		uint64_t started_ns = clock_ns();
		if (rc == 0)
			rc = c->executor->run(s, &c->options, &c->runs, err);
		if (rc != 0)
			break;
		estimate_run(&c->estimate, clock_ns() - started_ns);
		last = &c->runs.summaries[c->runs.count - 1];
		if (c->made != NULL)
			c->made(last, note);
		judged = run_judged(last);
		if (last->outcome == OUTCOME_INTERRUPTED)
			rc = error_set(err, ERROR_INTERRUPTED, "interrupted");
	}
	if (rc == 0 && !judged)
		rc = error_set(err, ERROR_ENVIRONMENT, "'%s' with %s: %d runs, none of them valid: %s", s->name,
			       cap_text, TRIAL_TRIES, last->evidence_count > 0 ? last->evidence[0] : "no evidence");
	*run = c->runs.count - 1;
	c->options.title = NULL;
	free(title);
	free(note);
	return rc;
}
