#include "catalogue/formats.h"

#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "html/html.h"
#include "report/github.h"
#include "report/json.h"
#include "report/junit.h"
#include "report/markdown.h"
#include "report/openmetrics.h"
#include "report/plot.h"
#include "report/table.h"

const struct exporter *const exporters[] = {
	&terminal_exporter, &plot_exporter,  &json_exporter,   &markdown_exporter,    &html_exporter,
	&table_exporter,    &junit_exporter, &github_exporter, &openmetrics_exporter, NULL
};

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
