#include "report/markdown.h"

#include <stdlib.h>

#include "base/text.h"
#include "report/column.h"
#include "report/figures.h"
#include "report/output.h"

#define COMMENT_MAX 65000 /* bytes; GitHub counts 65,536 characters */

/* "All 3 runs as expected." or "2 of 3 runs not as expected." */
static void add_answer(struct buf *b, const struct run_list *runs)
{
	size_t unexpected = 0;
	for (size_t i = 0; i < runs->count; i++)
		unexpected += !runs->summaries[i].as_expected;
	if (unexpected == 0)
		buf_addf(b, "%s%zu run%s as expected", runs->count == 1 ? "" : "All ", runs->count,
			 runs->count == 1 ? "" : "s");
	else
		buf_addf(b, "%zu of %zu run%s **not as expected**", unexpected, runs->count,
			 runs->count == 1 ? "" : "s");
	if (runs->damaged_count > 0)
		buf_addf(b, "; %zu more cannot be read", runs->damaged_count);
	buf_adds(b, ".\n\n");
}

static void add_spread(struct buf *b, const struct page *p, const struct column *c, size_t offset,
		       enum runs_taken taken)
{
	struct spread s = column_spread(c, offset, taken);
	spread_add(b, p, &s, figure_size);
}

/* Memory of runs that a kill cut off is at least that much. */
static void add_peak(struct buf *b, const struct page *p, const struct column *c)
{
	if (c->crashed > 0)
		buf_adds(b, "≥ ");
	add_spread(b, p, c, offsetof(struct facts, peak_unreclaimable_bytes),
		   c->crashed > 0 ? RUNS_CRASHED : RUNS_JUDGED);
}

static void add_row(struct buf *b, const struct page *p, const struct column *c)
{
	char text[UNITS_TEXT_MAX];
	struct buf verdicts = BUF_INIT;
	size_t as_expected = 0;
	for (size_t i = 0; i < c->count; i++)
		as_expected += c->runs[i]->as_expected;
	column_tally(&verdicts, c, ", ");
	buf_adds(b, "| ");
	text_add_markdown(b, c->runs[0]->scenario);
	buf_addf(b, " | %s | ", figure_size(c->runs[0]->memory_bytes, text));
	text_add_markdown(b, buf_str(&verdicts));
	buf_addf(b, " | %s %zu of %zu | ", as_expected == c->count ? "✓" : "✗", as_expected, c->count);
	add_peak(b, p, c);
	buf_adds(b, " |\n");
	buf_release(&verdicts);
}

static void add_table(struct buf *b, const struct run_list *runs)
{
	struct page p;
	size_t count;
	char *common;
	struct column *columns = columns_new(runs->summaries, runs->count, &count, &common);
	page_init(&p, stdout);
	p.utf8 = true;
	buf_adds(b, "| scenario | cap | verdict | as expected | unreclaimable peak |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		add_row(b, &p, &columns[i]);
	columns_free(columns, count);
	free(common);
	page_release(&p);
}

static void add_run(struct buf *b, const struct run_summary *run)
{
	struct buf verdict = BUF_INIT, expected = BUF_INIT;
	verdict_name(&verdict, run);
	verdict_expected(&expected, run);
	buf_addf(b, "\n<details><summary>%s ", run->as_expected ? "✓" : "✗");
	text_add_markdown(b, buf_str(&verdict));
	buf_adds(b, ": ");
	text_add_markdown(b, run->id);
	buf_adds(b, "</summary>\n\n");
	if (!run->as_expected) {
		buf_adds(b, "Expected ");
		text_add_markdown(b, buf_str(&expected));
		buf_adds(b, ".\n\n");
	}
	for (size_t i = 0; i < run->surprise_count; i++) {
		buf_adds(b, "- **");
		text_add_markdown(b, run->surprises[i]);
		buf_adds(b, "**\n");
	}
	for (size_t i = 0; i < run->evidence_count; i++) {
		buf_adds(b, "- ");
		text_add_markdown(b, run->evidence[i]);
		buf_addc(b, '\n');
	}
	buf_adds(b, "\n</details>\n");
	buf_release(&verdict);
	buf_release(&expected);
}

/* Those not as expected first: they are what is looked for. */
static void add_details(struct buf *b, const struct run_list *runs)
{
	size_t left_out = 0;
	for (int expected = 0; expected <= 1; expected++)
		for (size_t i = 0; i < runs->count; i++) {
			struct buf one = BUF_INIT;
			if (runs->summaries[i].as_expected == (expected == 1)) {
				add_run(&one, &runs->summaries[i]);
				if (b->len + one.len <= COMMENT_MAX)
					buf_add(b, buf_str(&one), one.len);
				else
					left_out++;
			}
			buf_release(&one);
		}
	if (left_out > 0)
		buf_addf(b, "\nThe evidence of %zu more run%s is left out: a comment has no room for it.\n", left_out,
			 left_out == 1 ? "" : "s");
}

static int markdown_write(FILE *out, const struct run_list *runs, struct error *err)
{
	struct buf b = BUF_INIT;
	add_answer(&b, runs);
	if (runs->count > 0)
		add_table(&b, runs);
	add_details(&b, runs);
	return output_take(out, &b, err);
}

const struct exporter markdown_exporter = {
	.name = "markdown",
	.summary = "for a pull request: a table, the evidence folded",
	.write = markdown_write,
};
