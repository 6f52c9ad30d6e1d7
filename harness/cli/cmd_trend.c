/*
 * oomrig trend: figures over the stored runs, and where they changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "campaign/history.h"
#include "cli/cmd_select.h"
#include "html/history_page.h"

struct trend_settings {
	struct select_settings select;
	const char *results, *figure, *format;
	bool json;
};

#define FIELD(name) offsetof(struct trend_settings, name)

static const char *const format_names[] = { "terminal", "markdown", "json", "html", NULL };

static const struct option_row rows[] = {
	{ "figure", 0, OPTION_STRING, FIELD(figure), "NAME", NULL, 0, 0, NULL,
	  "only that one: peak_unreclaimable_bytes,\ngrowth_bytes_per_mib, throughput_bytes_per_s or\nlatency_p90_ns" },
	SELECT_ROWS(FIELD(select)),
	{ "results", 'r', OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "format", 'f', OPTION_CHOICE, FIELD(format), "NAME", "terminal", 0, 0, format_names,
	  "how to write it: terminal, markdown, json\nor html" },
	{ "json", 'j', OPTION_FLAG, FIELD(json), NULL, NULL, 0, 0, NULL, "the same as --format json" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig trend [RUNS...] [options]",
	.about = "Follows peak memory, growth, throughput and latency of each scenario over its\n"
		 "stored runs, and names the runs and commits since which a level, or the verdict,\n"
		 "is another; without RUNS of all.  A change of peak memory within the judge's\n"
		 "noise is none.  How it finds them, and how often it is wrong: docs/history.md.\n\n" SELECT_WORDS,
	.examples = "  oomrig trend                     all of it\n"
		    "  oomrig trend main --figure peak_unreclaimable_bytes\n"
		    "  oomrig trend --format html > trend.html\n"
		    "  oomrig trend --json | jq '.scenarios[].figures[].changes[]'",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

static int main_trend(const struct cmd_call *call)
{
	const struct trend_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	struct run_list runs = { 0 };
	struct history history = { 0 };
	char *results = cmd_results_folder(settings->results);
	const char *name = settings->json ? "json" : settings->format;
	const struct history_format *format =
		strcmp(name, history_page_format.name) == 0 ? &history_page_format : history_format_find(name);
	int rc = cmd_select(&runs, results, &call->words, &settings->select, &err);
	if (rc == 0)
		rc = history_make(&history, &runs, settings->figure, &err);
	if (rc == 0 && history.count == 0 && format == history_formats)
		text_line(stdout, "no runs with a verdict in '%s'", fs_shown_path(results));
	else if (rc == 0)
		rc = format->write(stdout, &history, &err);
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = error_set_errno(&err, ERROR_SYSTEM, errno, "cannot write the result");
	int status = rc != 0 ? cmd_fail(&err) : cmd_damaged(&runs);
	history_release(&history);
	run_list_release(&runs);
	free(results);
	return status;
}

const struct command command_trend = {
	.name = "trend",
	.summary = "figures over the stored runs, and where they changed",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct trend_settings),
	.run = main_trend,
};
