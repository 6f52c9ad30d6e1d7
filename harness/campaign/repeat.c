#include "campaign/repeat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/units.h"

static char *make_title(const struct scenario *s, const char *note)
{
	char cap[UNITS_TEXT_MAX];
	return xasprintf("%s%s%s  cap %s", s->name, note != NULL ? "  " : "", note != NULL ? note : "",
			 s->memory_bytes ? units_format_size(s->memory_bytes, cap) : "none");
}

static int run_once(struct campaign *c, const struct scenario *s, const char *note, struct error *err)
{
	char *title = make_title(s, note);
	c->options.title = title;
	int rc = c->executor->run(s, &c->options, &c->runs, err);
	c->options.title = NULL;
	free(title);
	if (rc == 0 && c->made != NULL)
		c->made(&c->runs.summaries[c->runs.count - 1], note);
	return rc;
}

int repeat_run(struct campaign *c, const struct scenario *s, uint64_t runs, bool *stopped, struct error *err)
{
	uint64_t count = runs > 0 ? runs : s->runs;
	int rc = 0;
	for (uint64_t i = 1; rc == 0 && i <= count && !*stopped; i++) {
		char note[64];
		snprintf(note, sizeof(note), "run %llu/%llu", (unsigned long long)i, (unsigned long long)count);
		rc = run_once(c, s, count > 1 ? note : NULL, err);
		*stopped = interrupt_check(NULL) != 0;
	}
	return rc;
}
