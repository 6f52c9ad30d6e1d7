/* A bisection on the terminal and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "campaign/bisect_run.h"
#include "report/figures.h"
#include "report/page.h"

#define SUBJECT_COLUMN (3 + BISECT_SHOWN + 20 + 2) /* mark, commit, its runs */

/* By enum bisect_failure. */
static const char *const failures[] = {
	[BISECT_ENDS_ALIKE] = "the two ends do not differ",
	[BISECT_FLOORS_ALIKE] = "the floors of the two ends do not differ",
	[BISECT_END_CANNOT_RUN] = "an end of the range does not build or proves nothing",
};

/* What the first commit of the other kind changed. */
static const char *change_words(const struct bisect_result *r)
{
	static const char *const words[2][2] = {
		{ "whose runs end as expected less often", "whose runs end as expected more often" },
		{ "whose server needs more memory", "whose server needs less memory" },
	};
	return words[r->memory_bytes != 0][bisect_falls(r->search)];
}

static void print_head(struct page *p, const struct bisect_result *r)
{
	char text[UNITS_TEXT_MAX];
	if (r->memory_bytes == 0) {
		page_ink(p, INK_STRONG, "Runs that did not end as expected, by commit, oldest first\n");
		return;
	}
	for (size_t k = 0; k < 2; k++) {
		struct floor_estimate e;
		floor_estimate(r->floors[k].search, &e);
		buf_addf(&p->text, "floor of the %s end %9s   95 %% interval ", k == 0 ? "old" : "new",
			 units_format_size(e.p50.bytes, text));
		figure_pair(&p->text, e.p50.lo_bytes, e.p50.hi_bytes, page_glyph(p, GLYPH_RANGE), figure_size);
		buf_addc(&p->text, '\n');
	}
	page_ink(p, INK_STRONG, "\nRuns that died with %s, between the two, by commit, oldest first\n",
		 units_format_size(r->memory_bytes, text));
}

/* As much of it as the line has room for. */
static void add_subject(struct page *p, const char *subject)
{
	const int room = p->width - SUBJECT_COLUMN;
	char *shown = text_shown(subject);
	const char *dots = text_columns(shown) > room ? page_glyph(p, GLYPH_ELLIPSIS) : "";
	size_t len = *dots == '\0' ? strlen(shown) : text_break(shown, room - text_columns(dots));
	buf_addf(&p->text, "  %.*s%s\n", (int)len, shown, dots);
	free(shown);
}

static void print_commits(struct page *p, const struct bisect_result *r)
{
	const struct bisect *b = r->search;
	enum ink ink = bisect_falls(b) ? INK_GOOD : INK_BAD;
	for (size_t i = 0; i < r->count; i++) {
		const struct bisect_commit *c = &b->commits[i];
		bool suspect = bisect_suspects(b) && i >= b->first && i <= b->last;
		if (c->runs == 0 && !c->skipped && !suspect)
			continue;
		const char *mark = suspect ? page_glyph(p, GLYPH_ARROW) : "";
		page_ink(p, suspect ? ink : INK_PLAIN, "%s%*s%.*s", mark, 3 - text_columns(mark), "", BISECT_SHOWN,
			 r->names[i]);
		if (c->skipped)
			page_ink(p, INK_FAINT, "  %-18s", "skipped");
		else
			buf_addf(&p->text, "  %2zu of %2zu %-9s", c->hits, c->runs,
				 r->memory_bytes == 0 ? "otherwise" : "died");
		add_subject(p, r->subjects[i]);
	}
}

static void add_found(struct buf *words, const struct bisect_result *r)
{
	const struct bisect *b = r->search;
	struct bisect_commit before = bisect_before(b), after = bisect_after(b);
	buf_addf(words,
		 "%.*s is the first commit %s (%.1f %%, %zu runs): %zu of %zu %s before it, %zu of %zu from it on.",
		 BISECT_SHOWN, r->names[b->first], change_words(r), 100 * b->belief, b->runs, before.hits, before.runs,
		 r->memory_bytes == 0 ? "ended otherwise" : "died", after.hits, after.runs);
}

static void add_conclusion(struct buf *words, const struct bisect_result *r)
{
	const struct bisect *b = r->search;
	const char *s = b->runs == 1 ? "" : "s";
	if (bisect_found(r))
		add_found(words, r);
	else if (b->failed != BISECT_POSSIBLE)
		buf_addf(words, "Nothing found in %zu run%s: %s.", b->runs, s, failures[b->failed]);
	else if (!bisect_suspects(b))
		buf_addf(words, "Nothing found in %zu run%s: the two ends were not told apart yet.", b->runs, s);
	else if (b->belief >= b->confidence)
		buf_addf(words, "It is one of the %zu commits marked (%.1f %%, %zu runs): those between cannot be run.",
			 b->last - b->first + 1, 100 * b->belief, b->runs);
	else
		buf_addf(words, "Not found in %zu run%s; the most likely is marked (%.0f %%).", b->runs, s,
			 100 * b->belief);
}

void bisect_print(FILE *out, const struct bisect_result *r)
{
	struct page p;
	struct buf words = BUF_INIT;
	if (r->search == NULL)
		return;
	page_init(&p, out);
	print_head(&p, r);
	print_commits(&p, r);
	add_conclusion(&words, r);
	buf_addc(&p.text, '\n');
	page_wrap(&p, bisect_found(r) ? INK_STRONG : INK_WARN, "", buf_str(&words));
	page_write(&p, out);
	buf_release(&words);
	page_release(&p);
}

/* NULL: the search was not by floor. */
static json_t *floors_json(const struct bisect_result *r)
{
	struct floor_estimate e[2];
	if (r->memory_bytes == 0)
		return NULL;
	for (size_t k = 0; k < 2; k++)
		floor_estimate(r->floors[k].search, &e[k]);
	return json_pack("[I, I]", (json_int_t)e[0].p50.bytes, (json_int_t)e[1].p50.bytes);
}

static json_t *commits_json(const struct bisect_result *r)
{
	json_t *commits = json_array();
	for (size_t i = 0; i < r->count; i++) {
		const struct bisect_commit *c = &r->search->commits[i];
		json_array_append_new(commits, json_pack("{s:s, s:o, s:I, s:I, s:b}", "commit", r->names[i], "subject",
							 text_json(r->subjects[i]), "runs", (json_int_t)c->runs,
							 "otherwise", (json_int_t)c->hits, "skipped", c->skipped));
	}
	return commits;
}

json_t *bisect_json(const struct bisect_result *r)
{
	const struct bisect *b = r->search;
	bool suspects = bisect_suspects(b);
	const char *change = !suspects ? NULL : bisect_falls(b) ? "better" : "worse";
	json_t *bisect =
		json_pack("{s:s?, s:s?, s:s?, s:s?, s:f, s:I, s:s?, s:o?, s:o}", "first_bad",
			  bisect_found(r) ? r->names[b->first] : NULL, "first_suspect",
			  suspects ? r->names[b->first] : NULL, "last_suspect", suspects ? r->names[b->last] : NULL,
			  "change", change, "belief", b->belief, "runs", (json_int_t)b->runs, "failed",
			  failures[b->failed], "floors_bytes", floors_json(r), "commits", commits_json(r));
	return json_pack("{s:i, s:o}", "schema", 1, "bisect", bisect);
}
