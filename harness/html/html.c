#include "html/html.h"

#include "html/many_page.h"
#include "html/run_page.h"

void html_report(FILE *out, const struct html_side *sides, size_t count, enum html_by by)
{
	if (count == 1 && sides[0].runs.count == 1 && sides[0].runs.damaged_count == 0)
		run_page_write(out, &sides[0].runs.summaries[0]);
	else
		many_page_write(out, sides, count, by);
}
