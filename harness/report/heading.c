#include "report/heading.h"

#include <ctype.h>
#include <stdlib.h>

#include "report/figures.h"

static void headline(struct page *p, const struct run_summary *run)
{
	enum ink ink = verdict_ink(run);
	bool unfinished = run_unfinished(run);
	char *name = xstrdup(unfinished ? "unfinished" : summary_outcome(run));
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	page_ink(p, ink, "%s", name);
	free(name);
	if (!unfinished && run->cause != NULL && run->cause[0] != '\0')
		page_ink(p, ink, "  %s", run->cause);

	struct buf expected = BUF_INIT;
	verdict_expected(&expected, run);
	if (run->expected_count == 0)
		page_ink(p, INK_FAINT, "   nothing was expected");
	else if (run->as_expected)
		page_ink(p, INK_GOOD, "   %s as expected", page_glyph(p, GLYPH_CHECK));
	else if (run_judged(run) && verdict_as_asked(run))
		page_ink(p, INK_BAD, "   as expected, %s but not what stands beside it", page_glyph(p, GLYPH_CROSS));
	else if (run_judged(run))
		page_ink(p, INK_BAD, "   %s expected %s", page_glyph(p, GLYPH_CROSS), buf_str(&expected));
	else
		page_ink(p, INK_FAINT, "   says nothing; expected %s", buf_str(&expected));
	buf_release(&expected);
	buf_addc(&p->text, '\n');
}

static void subject(struct page *p, const struct run_summary *run)
{
	char cap[UNITS_TEXT_MAX];
	page_ink(p, INK_STRONG, "%s", run->scenario);
	if (run->label != NULL && run->label[0] != '\0')
		buf_addf(&p->text, " %s %s", page_glyph(p, GLYPH_SEPARATOR), run->label);
	if (run->server != NULL && run->server[0] != '\0')
		buf_addf(&p->text, " %s %s", page_glyph(p, GLYPH_SEPARATOR), run->server);
	if (fact_known(run->memory_bytes))
		buf_addf(&p->text, " %s %s\n", page_glyph(p, GLYPH_SEPARATOR), figure_size(run->memory_bytes, cap));
	else
		buf_addf(&p->text, " %s no cap\n", page_glyph(p, GLYPH_SEPARATOR));
	if (run->question != NULL && run->question[0] != '\0')
		page_wrap(p, INK_FAINT, "", run->question);
}

void heading_add(struct page *p, const struct run_summary *run)
{
	headline(p, run);
	subject(p, run);
}
