#include "campaign/repeat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

static char *make_title(const struct campaign *c, const struct scenario *s, const char *note)
{
	char cap[UNITS_TEXT_MAX];
	struct buf title = BUF_INIT;
	buf_addf(&title, "%s%s%s  cap %s", s->name, note != NULL ? "  " : "", note != NULL ? note : "",
		 s->memory_bytes ? units_format_size(s->memory_bytes, cap) : "none");
	estimate_text(&title, &c->estimate, c->left_min, c->left_max);
	return buf_detach(&title);
}

static int run_once(struct campaign *c, const struct scenario *s, const char *note, struct error *err)
{
	char *title = make_title(c, s, note);
	uint64_t started_ns = clock_ns();
	c->options.title = title;
	int rc = c->executor->run(s, &c->options, &c->runs, err);
	c->options.title = NULL;
	free(title);
	if (rc != 0)
		return rc;
	estimate_run(&c->estimate, clock_ns() - started_ns);
	if (c->made != NULL)
		c->made(&c->runs.summaries[c->runs.count - 1], note);
	return 0;
}

size_t repeat_count(const struct scenario *s, uint64_t asked)
{
	return asked > 0 ? asked : s->runs;
}

int repeat_run(struct campaign *c, const struct scenario *s, size_t runs, size_t total, bool *stopped,
	       struct error *err)
{
	int rc = 0;
	c->estimate = (struct estimate){ 0 }; /* of this scenario: others may take another time */
	for (size_t i = 0; rc == 0 && i < runs && !*stopped; i++) {
		char note[64];
		snprintf(note, sizeof(note), "run %zu/%zu", c->runs.count + 1, total);
		c->left_min = c->left_max = runs - i;
		rc = run_once(c, s, total > 1 ? note : NULL, err);
		*stopped = interrupt_check(NULL) != 0;
	}
	return rc;
}
