#include "report/openmetrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/output.h"

/* What the name of a family ends with, and what a figure is divided by; OpenMetrics wants base units. */
static const struct unit {
	const char *ours, *ending, *name;
	double factor;
} units[] = {
	{ "bytes", "_bytes", "bytes", 1 },
	{ "ns", "_ns", "seconds", 1e-9 },
};

static const struct unit *unit_of(const struct fact_row *row)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(row->name), ending = strlen(units[i].ending);
		if (strcmp(row->unit, units[i].ours) == 0 && len > ending &&
		    strcmp(row->name + len - ending, units[i].ending) == 0)
			return &units[i];
	}
	return NULL;
}

/* "oomrig_peak_anon_bytes"; heap. */
static char *family_name(const struct fact_row *row, const struct unit *unit)
{
	if (unit == NULL)
		return xasprintf("oomrig_%s", row->name);
	return xasprintf("oomrig_%.*s_%s", (int)(strlen(row->name) - strlen(unit->ending)), row->name, unit->name);
}

/* Backslash and quote are escaped; what cannot be shown, a line feed among it, is shown as everywhere. */
static void add_escaped(struct buf *b, const char *text)
{
	char *shown = text_shown(text);
	for (const char *p = shown; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			buf_addc(b, '\\');
		buf_addc(b, *p);
	}
	free(shown);
}

static void add_label(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s=\"", name);
	add_escaped(b, value);
	buf_addc(b, '"');
}

static void add_labels(struct buf *b, const struct run_summary *run)
{
	add_label(b, "{run", run->id);
	add_label(b, ",scenario", run->scenario);
	add_label(b, ",label", run->label);
}

/* When the run began, in seconds; nothing where the record does not say. */
static void add_time(struct buf *b, const struct run_summary *run)
{
	struct tm tm = { 0 };
	const char *started = json_string_value(json_object_get(run->record, "started"));
	if (started != NULL && strptime(started, "%Y-%m-%dT%H:%M:%S", &tm) != NULL)
		buf_addf(b, " %lld", (long long)timegm(&tm));
	buf_addc(b, '\n');
}

static void add_family(struct buf *b, const struct run_list *runs, const struct fact_row *row)
{
	const struct unit *unit = unit_of(row);
	char *name = family_name(row, unit);
	buf_addf(b, "# TYPE %s gauge\n", name);
	if (unit != NULL)
		buf_addf(b, "# UNIT %s %s\n", name, unit->name);
	buf_addf(b, "# HELP %s ", name);
	add_escaped(b, row->meaning);
	buf_addc(b, '\n');
	for (size_t i = 0; i < runs->count; i++) {
		struct fact fact;
		memcpy(&fact, (const char *)&runs->summaries[i].facts + row->offset, sizeof(fact));
		if (!fact_known(fact))
			continue; /* absent and unreadable have no sample: 0 is neither */
		buf_adds(b, name);
		add_labels(b, &runs->summaries[i]);
		if (unit != NULL && unit->factor != 1)
			buf_addf(b, "} %.9f", (double)fact.value * unit->factor);
		else
			buf_addf(b, "} %" PRIu64, fact.value);
		add_time(b, &runs->summaries[i]);
	}
	free(name);
}

static void add_verdicts(struct buf *b, const struct run_list *runs)
{
	buf_adds(b, "# TYPE oomrig_run info\n# HELP oomrig_run what became of the run\n");
	for (size_t i = 0; i < runs->count; i++) {
		buf_adds(b, "oomrig_run_info");
		add_labels(b, &runs->summaries[i]);
		add_label(b, ",outcome", summary_outcome(&runs->summaries[i]));
		add_label(b, ",cause", runs->summaries[i].cause);
		buf_adds(b, "} 1");
		add_time(b, &runs->summaries[i]);
	}
	buf_adds(b, "# TYPE oomrig_as_expected gauge\n# HELP oomrig_as_expected 1: the run ended as its scenario "
		    "expects\n");
	for (size_t i = 0; i < runs->count; i++) {
		buf_adds(b, "oomrig_as_expected");
		add_labels(b, &runs->summaries[i]);
		buf_addf(b, "} %d", runs->summaries[i].as_expected);
		add_time(b, &runs->summaries[i]);
	}
}

static int openmetrics_write(FILE *out, const struct run_list *runs, struct error *err)
{
	struct buf b = BUF_INIT;
	add_verdicts(&b, runs);
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++)
		if (!row->text)
			add_family(&b, runs, row);
	buf_adds(&b, "# EOF\n");
	return output_take(out, &b, err);
}

const struct exporter openmetrics_exporter = {
	.name = "openmetrics",
	.summary = "for Prometheus: every figure of each run as OpenMetrics text",
	.write = openmetrics_write,
};
