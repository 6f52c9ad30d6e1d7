#include "report/heading.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/text.h"
#include "record/gc.h"
#include "report/figures.h"

static void add_expectation(struct page *p, const struct run_summary *run, int column)
{
	struct buf expected = BUF_INIT, words = BUF_INIT;
	enum ink ink = INK_FAINT;
	verdict_expected(&expected, run);
	if (run->expected_count == 0) {
		buf_adds(&words, "nothing was expected");
	} else if (run->as_expected) {
		ink = INK_GOOD;
		buf_addf(&words, "%s as expected", page_glyph(p, GLYPH_CHECK));
	} else if (run_judged(run)) {
		ink = INK_BAD;
		if (verdict_as_asked(run))
			buf_addf(&words, "as expected, %s but another expectation was not met",
				 page_glyph(p, GLYPH_CROSS));
		else
			buf_addf(&words, "%s expected %s", page_glyph(p, GLYPH_CROSS), buf_str(&expected));
	} else {
		buf_addf(&words, "proves nothing; expected %s", buf_str(&expected));
	}
	page_wrap_from(p, ink, column, buf_str(&words));
	buf_release(&words);
	buf_release(&expected);
}

void heading_verdict(struct page *p, const struct run_summary *run)
{
	bool unfinished = run_unfinished(run);
	const char *cause = !unfinished && run->cause != NULL ? run->cause : "";
	char *name = xstrdup(unfinished ? "unfinished" : summary_outcome(run));
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	char *verdict = xasprintf("%s%s%s", name, cause[0] != '\0' ? "  " : "", cause);
	page_ink(p, verdict_ink(run), "%s", verdict);
	buf_adds(&p->text, "   ");
	add_expectation(p, run, text_columns(verdict) + 3);
	free(verdict);
	free(name);
}

static void subject(struct page *p, const struct run_summary *run)
{
	char cap[UNITS_TEXT_MAX];
	struct buf rest = BUF_INIT;
	if (run->label != NULL && run->label[0] != '\0')
		buf_addf(&rest, " %s %s", page_glyph(p, GLYPH_SEPARATOR), run->label);
	if (run->server != NULL && run->server[0] != '\0')
		buf_addf(&rest, " %s %s", page_glyph(p, GLYPH_SEPARATOR), run->server);
	buf_addf(&rest, " %s %s", page_glyph(p, GLYPH_SEPARATOR),
		 fact_known(run->memory_bytes) ? figure_size(run->memory_bytes, cap) : "no cap");
	/* In two inks where it fits on one line. */
	if (text_columns(run->scenario) + text_columns(buf_str(&rest)) <= p->width) {
		page_ink(p, INK_STRONG, "%s", run->scenario);
		page_ink(p, INK_PLAIN, "%s\n", buf_str(&rest));
	} else {
		char *line = xasprintf("%s%s", run->scenario, buf_str(&rest));
		page_wrap(p, INK_STRONG, "", line);
		free(line);
	}
	buf_release(&rest);
	if (run->question != NULL && run->question[0] != '\0')
		page_wrap(p, INK_FAINT, "", run->question);
}

void heading_add(struct page *p, const struct run_summary *run)
{
	heading_verdict(p, run);
	subject(p, run);
}

void heading_record(struct page *p, const struct run_summary *run)
{
	char *record = text_shown(run->folder != NULL ? fs_shown_path(run->folder) : run->id);
	page_wrap(p, INK_PLAIN, "Record  ", record);
	free(record);
	char *taken = gc_taken_words(run->record);
	if (taken != NULL)
		page_wrap(p, INK_FAINT, "        ", taken);
	free(taken);
}
