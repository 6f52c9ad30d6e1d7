/* A smaller load on the terminal and as JSON. */
#include "base/fs.h"
#include "base/text.h"
#include "campaign/shrink_run.h"

static bool gave_way(const struct shrink_figure *f)
{
	return f->crashes != f->before;
}

/* One line for a shell: what was typed, and the smaller figures. */
static void add_line(struct buf *b, const struct shrink_result *r, const struct shrink_typed *typed)
{
	char text[UNITS_TEXT_MAX];
	buf_addf(b, "oomrig run %s", fs_shown_path(typed->path));
	if (typed->memory != NULL)
		buf_addf(b, " --memory %s", typed->memory);
	for (size_t i = 0; i < typed->set->count; i++)
		buf_addf(b, " --set '%s'", typed->set->items[i]);
	for (size_t i = 0; i < r->count; i++)
		if (gave_way(&r->search->figures[i]))
			buf_addf(b, " --set %s=%s", r->keys[i].name,
				 r->keys[i].format(r->search->figures[i].crashes, text));
	for (size_t i = 0; typed->command != NULL && typed->command[i] != NULL; i++)
		buf_addf(b, "%s '%s'", i == 0 ? " --" : "", typed->command[i]);
}

/* By enum shrink_end; open: it was stopped. */
static const char *const ends[] = {
	[SHRINK_OPEN] = "The search was stopped; the smallest load so far",
	[SHRINK_COMPLETE] = "The smallest load that still crashes it",
	[SHRINK_BUDGET_USED] = "The budget of runs is used; the smallest load so far",
};

void shrink_print(FILE *out, const struct shrink_result *r, const struct shrink_typed *typed)
{
	char before[UNITS_TEXT_MAX], after[UNITS_TEXT_MAX];
	struct buf line = BUF_INIT;
	size_t smaller = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct shrink_figure *f = &r->search->figures[i];
		if (!gave_way(f))
			continue;
		text_line(out, "  %-28s %14s -> %s", r->keys[i].name, r->keys[i].format(f->before, before),
			  r->keys[i].format(f->crashes, after));
		smaller++;
	}
	add_line(&line, r, typed);
	fprintf(out, "%s%s after %zu run%s:\n\n", smaller > 0 ? "\n" : "", ends[r->search->end], r->search->runs,
		r->search->runs == 1 ? "" : "s");
	text_line(out, "  %s", buf_str(&line));
	buf_release(&line);
}

json_t *shrink_json(const struct shrink_result *r, const struct shrink_typed *typed)
{
	struct buf line = BUF_INIT;
	json_t *steps = json_array();
	for (size_t i = 0; i < r->count; i++) {
		const struct shrink_figure *f = &r->search->figures[i];
		if (gave_way(f))
			json_array_append_new(steps,
					      json_pack("{s:o, s:I, s:I}", "key", text_json(r->keys[i].name), "before",
							(json_int_t)f->before, "after", (json_int_t)f->crashes));
	}
	add_line(&line, r, typed);
	json_t *shrink =
		json_pack("{s:o, s:b, s:I, s:o}", "steps", steps, "complete", r->search->end == SHRINK_COMPLETE, "runs",
			  (json_int_t)r->search->runs, "command", text_json(buf_str(&line)));
	buf_release(&line);
	return json_pack("{s:i, s:o}", "schema", 1, "shrink", shrink);
}
