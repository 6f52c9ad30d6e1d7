/*
 * oomrig show: stored runs in full, side by side, or listed.
 */
#include <stdlib.h>

#include "cli/cmd_format.h"
#include "cli/cmd_select.h"
#include "report/listing.h"

struct show_settings {
	struct select_settings select;
	struct format_settings format;
	const char *results;
	bool plot;
};

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, offsetof(struct show_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	SELECT_ROWS(offsetof(struct show_settings, select)),
	FORMAT_ROWS(offsetof(struct show_settings, format)),
	{ "plot", 'p', OPTION_FLAG, offsetof(struct show_settings, plot), NULL, NULL, 0, 0, NULL,
	  "the same as --format plot: draws memory under its cap,\nrequests in flight and the lag of clean-up over "
	  "time" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig show [RUNS...] [options]",
	.about = "Prints a stored run in full: verdict, evidence, memory, requests; of a killed\n"
		 "server its last second and the kernel's table of processes.  Several runs are\n"
		 "set side by side, and repeats of one scenario are counted together.  Without\n"
		 "RUNS it lists what is stored, newest last.  --plot is as wide as the terminal,\n"
		 "or as COLUMNS says, and in plain ASCII where the locale is not UTF-8\n"
		 "(LC_ALL=C).  A record that cannot be read is named (in \"damaged\" with --json),\n"
		 "the others are shown all the same, and the exit status is 2.\n\n" SELECT_WORDS,
	.examples = "  oomrig show                      what is stored\n"
		    "  oomrig show last                 the newest run\n"
		    "  oomrig show 114439 114512        two runs side by side\n"
		    "  oomrig show --since 7d           what is stored of this week\n"
		    "  oomrig show last --plot          what memory did over its time\n"
		    "  oomrig show last --json          for programs",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

/* What is stored, where no run is named and people read it. */
static int list_runs(const char *results, const struct select_settings *select)
{
	struct error err = ERROR_INIT;
	struct select_filter filter;
	size_t unreadable;
	if (cmd_select_filter(select, &filter, &err) != 0 ||
	    report_listing(stdout, results, &filter, &unreadable, &err) != 0)
		return cmd_fail(&err);
	return unreadable > 0 ? STATUS_USAGE : STATUS_OK;
}

static int show_runs(const struct exporter *exporter, const char *results, const struct cmd_call *call)
{
	const struct show_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	struct run_list runs = { 0 };
	int rc = cmd_select(&runs, results, &call->words, &settings->select, &err);
	if (rc == 0)
		rc = cmd_format_write(exporter, &settings->format, &runs, &err);
	int status = rc != 0 ? cmd_fail(&err) : cmd_damaged(&runs);
	run_list_release(&runs);
	return status;
}

static const struct exporter *find_format(const struct show_settings *settings, size_t named, struct error *err)
{
	if (settings->format.json && settings->plot)
		error_set(err, ERROR_USAGE, "'--json' and '--plot' are two formats: one at a time");
	else if (settings->plot && named == 0)
		error_set(err, ERROR_USAGE, "'--plot' of which run? \"last\" is the newest");
	else
		return settings->plot ? exporter_find("plot", err) : cmd_format_find(&settings->format, err);
	return NULL;
}

static int main_show(const struct cmd_call *call)
{
	const struct show_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	const struct exporter *exporter = find_format(settings, call->words.operand_count, &err);
	if (exporter == NULL)
		return cmd_fail(&err);
	char *results = cmd_results_folder(settings->results);
	int status = call->words.operand_count == 0 && exporter == exporters[0] && settings->format.output == NULL
			     ? list_runs(results, &settings->select)
			     : show_runs(exporter, results, call);
	free(results);
	return status;
}

const struct command command_show = {
	.name = "show",
	.summary = "a stored run in full, or several side by side",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct show_settings),
	.run = main_show,
};
