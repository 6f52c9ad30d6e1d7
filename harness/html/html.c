#include "html/html.h"

#include <errno.h>

#include "html/many_page.h"
#include "html/run_page.h"

void html_report(FILE *out, const struct html_side *sides, size_t count, enum html_by by)
{
	if (count == 1 && sides[0].runs.count == 1 && sides[0].runs.damaged_count == 0)
		run_page_write(out, &sides[0].runs.summaries[0]);
	else
		many_page_write(out, sides, count, by);
}

static int write_runs(FILE *out, const struct run_list *runs, struct error *err)
{
	const struct html_side side = { .name = "runs", .runs = *runs }; /* lent: nothing of it is released here */
	errno = 0;
	html_report(out, &side, 1, HTML_BY_SIDE);
	if (fflush(out) != 0 || ferror(out))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the report");
	return 0;
}

const struct exporter html_exporter = {
	.name = "html",
	.summary = "for the browser: one page that opens offline",
	.write = write_runs,
};
