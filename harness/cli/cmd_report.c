/*
 * oomrig report: stored runs as one page for the browser.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cmd_format.h"
#include "cli/cmd_select.h"
#include "html/html.h"

struct report_settings {
	struct select_settings select;
	const char *results, *output, *by;
};

static const char *const by_names[] = { "side", "label", "branch", "commit", "memory", NULL };

static const struct option_row rows[] = {
	{ "output", 'o', OPTION_PATH, offsetof(struct report_settings, output), "FILE", NULL, 0, 0, NULL,
	  "where the page goes; without it, standard output" },
	{ "results", 'r', OPTION_PATH, offsetof(struct report_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	SELECT_ROWS(offsetof(struct report_settings, select)),
	{ "by", 0, OPTION_CHOICE, offsetof(struct report_settings, by), "NAME", "side", 0, 0, by_names,
	  "what the columns of the matrix are: side (each RUNS a\ncolumn; of one RUNS its labels), label, "
	  "branch,\ncommit or memory" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig report RUNS... [options]",
	.about = "Writes stored runs as one page that opens in any browser, without a network.\n"
		 "Of one run: verdict and evidence, memory, requests and latency on one time axis,\n"
		 "the last second before death, growth law, forecast, processes.  Of several: a\n"
		 "matrix of verdicts, crash rates, floors, the memory of repeats in one picture,\n"
		 "and how two sides differ.  A record in a folder that cannot be read is named on\n"
		 "the page, and the exit status is 2; samples that cannot be read are a gap that\n"
		 "the page names.\n\n" SELECT_WORDS,
	.examples = "  oomrig report last -o report.html\n"
		    "  oomrig report before-any-fix all-fixes -o compared.html\n"
		    "  oomrig report results/ --by memory > night.html",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

static int read_sides(struct html_side *sides, const struct options_result *words, const struct report_settings *s,
		      struct error *err)
{
	struct select_filter filter;
	char *results = cmd_results_folder(s->results);
	int rc = cmd_select_filter(&s->select, &filter, err);
	for (size_t i = 0; rc == 0 && i < words->operand_count; i++) {
		sides[i].name = words->operands[i];
		rc = select_runs(&sides[i].runs, results, sides[i].name, &filter, err);
	}
	free(results);
	return rc;
}

static enum html_by by_of(const char *name)
{
	size_t i = 0;
	while (strcmp(by_names[i], name) != 0)
		i++;
	return (enum html_by)i;
}

struct page {
	const struct html_side *sides;
	size_t count;
	enum html_by by;
};

static int write_page(FILE *out, const void *what, struct error *err)
{
	const struct page *page = what;
	(void)err;
	html_report(out, page->sides, page->count, page->by);
	return 0;
}

static int main_report(const struct cmd_call *call)
{
	const struct report_settings *settings = call->settings;
	size_t count = call->words.operand_count;
	struct error err = ERROR_INIT;
	if (count == 0) {
		error_set(&err, ERROR_USAGE, "a report of which runs? \"last\" is the newest");
		return cmd_fail(&err);
	}
	struct html_side *sides = xcalloc(count, sizeof(*sides));
	enum html_by by = by_of(settings->by);
	int rc = read_sides(sides, &call->words, settings, &err);
	if (rc == 0)
		rc = cmd_write_to(settings->output, write_page, &(struct page){ sides, count, by }, &err);
	int status = rc != 0 ? cmd_fail(&err) : STATUS_OK;
	for (size_t i = 0; i < count; i++) {
		if (status == STATUS_OK)
			status = cmd_damaged(&sides[i].runs);
		run_list_release(&sides[i].runs);
	}
	free(sides);
	return status;
}

const struct command command_report = {
	.name = "report",
	.summary = "stored runs as one page for the browser",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct report_settings),
	.run = main_report,
};
