#include "report/report.h"

#include <errno.h>

static int terminal_write(FILE *out, const struct run_list *runs, struct error *err)
{
	errno = 0;
	if (runs->count == 1)
		report_run(out, runs->summaries);
	else if (runs->count > 1)
		report_side_by_side(out, runs->summaries, runs->count);
	if (fflush(out) != 0 || ferror(out))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write the report");
	return 0;
}

const struct exporter terminal_exporter = {
	.name = "terminal",
	.summary = "for people: one run in full, several side by side",
	.write = terminal_write,
};
