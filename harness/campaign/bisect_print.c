/* A bisection on the terminal and as JSON. */
#include "base/text.h"
#include "campaign/bisect_run.h"
#include "record/git.h"
#include "report/figures.h"
#include "report/page.h"

static void add_subject(struct buf *out, const char *repository, const char *commit)
{
	const char *const words[] = { "git", "-C", repository, "log", "-1", "--format=%s", commit, NULL };
	git_read(words, out);
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
		buf_addf(&p->text, "floor of the %s end %9s   95 %% interval ", k == 0 ? "good" : "bad ",
			 units_format_size(e.p50.bytes, text));
		figure_pair(&p->text, e.p50.lo_bytes, e.p50.hi_bytes, page_glyph(p, GLYPH_RANGE), figure_size);
		buf_addc(&p->text, '\n');
	}
	page_ink(p, INK_STRONG, "\nRuns that died with %s, between the two, by commit, oldest first\n",
		 units_format_size(r->memory_bytes, text));
}

static void print_commits(struct page *p, const struct bisect_result *r, const char *repository)
{
	const struct bisect *b = r->search;
	for (size_t i = 0; i < r->count; i++) {
		const struct bisect_commit *c = &b->commits[i];
		bool suspect = b->failed == NULL && i >= b->first && i <= b->last;
		struct buf subject = BUF_INIT;
		if (c->runs == 0 && !c->skipped && !suspect)
			continue;
		add_subject(&subject, repository, r->names[i]);
		page_ink(p, suspect ? INK_BAD : INK_PLAIN, "%s %.*s", suspect ? page_glyph(p, GLYPH_ARROW) : " ",
			 BISECT_SHOWN, r->names[i]);
		if (c->skipped)
			page_ink(p, INK_FAINT, "  skipped          ");
		else
			buf_addf(&p->text, "  %2zu of %2zu %-9s", c->hits, c->runs,
				 r->memory_bytes == 0 ? "otherwise" : "died");
		text_addf(&p->text, "  %s", buf_str(&subject));
		buf_addc(&p->text, '\n');
		buf_release(&subject);
	}
}

void bisect_print(FILE *out, const struct bisect_result *r, const char *repository)
{
	const struct bisect *b = r->search;
	struct page p;
	struct buf words = BUF_INIT;
	if (b == NULL)
		return;
	page_init(&p, out);
	print_head(&p, r);
	print_commits(&p, r, repository);
	if (b->failed != NULL)
		buf_addf(&words, "Nothing found: %s.", b->failed);
	else if (bisect_found(r))
		buf_addf(&words, "%.*s is the first commit %s (%.1f %%, %zu runs).", BISECT_SHOWN, r->names[b->first],
			 r->memory_bytes == 0 ? "that ends otherwise" : "with the other floor", 100 * b->belief,
			 b->runs);
	else if (b->belief >= b->confidence)
		buf_addf(&words,
			 "It is one of the %zu commits marked (%.1f %%, %zu runs): those between cannot be run.",
			 b->last - b->first + 1, 100 * b->belief, b->runs);
	else
		buf_addf(&words, "Not found in %zu runs; the most likely is marked (%.0f %%).", b->runs,
			 100 * b->belief);
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

json_t *bisect_json(const struct bisect_result *r, const char *repository)
{
	const struct bisect *b = r->search;
	json_t *commits = json_array();
	for (size_t i = 0; i < r->count; i++) {
		struct buf subject = BUF_INIT;
		add_subject(&subject, repository, r->names[i]);
		json_array_append_new(commits,
				      json_pack("{s:s, s:o, s:I, s:I, s:b}", "commit", r->names[i], "subject",
						text_json(buf_str(&subject)), "runs", (json_int_t)b->commits[i].runs,
						"otherwise", (json_int_t)b->commits[i].hits, "skipped",
						b->commits[i].skipped));
		buf_release(&subject);
	}
	json_t *bisect =
		json_pack("{s:s?, s:s?, s:s?, s:f, s:I, s:s?, s:o?, s:o}", "first_bad",
			  bisect_found(r) ? r->names[b->first] : NULL, "first_suspect",
			  b->failed == NULL ? r->names[b->first] : NULL, "last_suspect",
			  b->failed == NULL ? r->names[b->last] : NULL, "belief", b->belief, "runs",
			  (json_int_t)b->runs, "failed", b->failed, "floors_bytes", floors_json(r), "commits", commits);
	return json_pack("{s:i, s:o}", "schema", 1, "bisect", bisect);
}
