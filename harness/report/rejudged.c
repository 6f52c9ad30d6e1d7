#include "report/rejudged.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "record/gc.h"
#include "report/page.h"

static char *name_of(const json_t *verdict)
{
	const char *outcome = json_string_value(json_object_get(verdict, "outcome"));
	const char *cause = json_string_value(json_object_get(verdict, "cause"));
	return xasprintf("%s%s%s", outcome ? outcome : "no verdict", cause && cause[0] ? "/" : "", cause ? cause : "");
}

void report_rejudged(FILE *out, const struct rejudged *r, bool evidence)
{
	char *was = name_of(r->stored), *is = name_of(r->today);
	const json_t *line;
	size_t i;
	struct page p;
	page_init(&p, out);
	char *both = xasprintf("%-24s %s %-24s", was, r->changed ? "->" : "  ", r->changed ? is : "unchanged");
	page_ink(&p, INK_PLAIN, "%s", both);
	page_id(&p, text_columns(both), r->id);
	if (r->changed || evidence)
		json_array_foreach (json_object_get(r->today, "evidence"), i, line)
			page_wrap(&p, INK_PLAIN, "    ", json_string_value(line));
	char *taken = gc_taken_words(r->record);
	if (taken != NULL)
		page_wrap(&p, INK_FAINT, "    ", taken);
	free(taken);
	page_write(&p, out);
	page_release(&p);
	free(both);
	free(was);
	free(is);
}

json_t *rejudged_json(const struct rejudged *r)
{
	return json_pack("{s:s, s:O?, s:O, s:b}", "id", r->id, "stored", r->stored, "today", r->today, "changed",
			 r->changed);
}
