/* A smaller load on the terminal and as JSON. */
#include "base/fs.h"
#include "base/text.h"
#include "campaign/shrink_run.h"
#include "report/page.h"

static bool gave_way(const struct shrink_figure *f)
{
	return f->crashes != f->before;
}

/* For a shell: what was typed, and the smaller figures; between stands before each option. */
static void add_command(struct buf *b, const char *between, const struct shrink_result *r,
			const struct shrink_typed *typed)
{
	char text[UNITS_TEXT_MAX];
	buf_addf(b, "oomrig run %s", fs_shown_path(typed->path));
	if (typed->isolation != NULL)
		buf_addf(b, "%s--isolation %s", between, typed->isolation);
	if (typed->memory != NULL)
		buf_addf(b, "%s--memory %s", between, typed->memory);
	for (size_t i = 0; i < typed->set->count; i++)
		buf_addf(b, "%s--set '%s'", between, typed->set->items[i]);
	for (size_t i = 0; i < r->count; i++)
		if (gave_way(&r->search->figures[i]))
			buf_addf(b, "%s--set %s=%s", between, r->keys[i].name,
				 r->keys[i].format(r->search->figures[i].crashes, text));
	if (typed->command == NULL)
		return;
	buf_addf(b, "%s--", between);
	for (size_t i = 0; typed->command[i] != NULL; i++)
		buf_addf(b, " '%s'", typed->command[i]);
}

/* By enum shrink_end; open: it was stopped. */
static const char *const ends[] = {
	[SHRINK_OPEN] = "The search was stopped; the smallest load so far",
	[SHRINK_COMPLETE] = "The smallest load that still crashes it",
	[SHRINK_BUDGET_USED] = "The budget of runs is used; the smallest load so far",
};

static void print_figures(struct page *p, const struct shrink_result *r)
{
	char before[UNITS_TEXT_MAX], after[UNITS_TEXT_MAX];
	int width = 0;
	for (size_t i = 0; i < r->count; i++)
		if (gave_way(&r->search->figures[i]) && text_columns(r->keys[i].name) > width)
			width = text_columns(r->keys[i].name);
	for (size_t i = 0; i < r->count; i++) {
		const struct shrink_figure *f = &r->search->figures[i];
		if (!gave_way(f))
			continue;
		text_addf(&p->text, "  %-*s  %9s -> %s", width, r->keys[i].name, r->keys[i].format(f->before, before),
			  r->keys[i].format(f->crashes, after));
		buf_addc(&p->text, '\n');
	}
}

void shrink_print(FILE *out, const struct shrink_result *r, const struct shrink_typed *typed)
{
	struct buf words = BUF_INIT, command = BUF_INIT;
	struct page p;
	page_init(&p, out);
	print_figures(&p, r);
	if (p.text.len > 0)
		buf_addc(&p.text, '\n');
	buf_addf(&words, "%s after %zu run%s:", ends[r->search->end], r->search->runs, r->search->runs == 1 ? "" : "s");
	page_wrap(&p, INK_STRONG, "", buf_str(&words));
	add_command(&command, " \\\n      ", r, typed);
	page_ink(&p, INK_PLAIN, "\n  %s\n", buf_str(&command));
	page_write(&p, out);
	buf_release(&words);
	buf_release(&command);
	page_release(&p);
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
	add_command(&line, " ", r, typed);
	json_t *shrink =
		json_pack("{s:o, s:b, s:I, s:o}", "steps", steps, "complete", r->search->end == SHRINK_COMPLETE, "runs",
			  (json_int_t)r->search->runs, "command", text_json(buf_str(&line)));
	buf_release(&line);
	return json_pack("{s:i, s:o}", "schema", 1, "shrink", shrink);
}
