#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "report/json.h"
#include "report/plot.h"

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

static const struct exporter terminal_exporter = {
	.name = "terminal",
	.summary = "for people: one run in full, several side by side",
	.write = terminal_write,
};

const struct exporter *const exporters[] = { &terminal_exporter, &plot_exporter, &json_exporter, NULL };

const struct exporter *exporter_find(const char *name, struct error *err)
{
	struct nearest n;
	struct buf known = BUF_INIT;
	nearest_init(&n, name);
	for (size_t i = 0; exporters[i] != NULL; i++) {
		if (strcmp(exporters[i]->name, name) == 0) {
			buf_release(&known);
			return exporters[i];
		}
		nearest_offer(&n, exporters[i]->name);
		buf_addf(&known, "%s%s", i == 0 ? "" : ", ", exporters[i]->name);
	}
	error_set(err, ERROR_USAGE, "unknown report format '%s' (known: %s)%s%s%s", name, buf_str(&known),
		  n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
	buf_release(&known);
	return NULL;
}
