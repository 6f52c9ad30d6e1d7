#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "report/report.h"
#include "record/run_list.h"
#include "base/text.h"
#include "record/store.h"

struct show_settings {
	const char *results, *format;
	bool json, plot;
};

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, offsetof(struct show_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "format", 'f', OPTION_STRING, offsetof(struct show_settings, format), "NAME", "terminal", 0, 0, NULL,
	  "how to write them; oomrig list names the formats" },
	{ "json", 'j', OPTION_FLAG, offsetof(struct show_settings, json), NULL, NULL, 0, 0, NULL,
	  "the same as --format json" },
	{ "plot", 'p', OPTION_FLAG, offsetof(struct show_settings, plot), NULL, NULL, 0, 0, NULL,
	  "the same as --format plot: draws memory under its cap,\nrequests in flight and the lag of clean-up over "
	  "time" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig show [RUN...] [options]",
	.about = "Prints a stored run in full: verdict, evidence, memory, requests; of a killed\n"
		 "server its last second and the kernel's table of processes.  Several runs are\n"
		 "set side by side, and repeats of one scenario are counted together.  A RUN is\n"
		 "an id, any part of one that is unique, a folder, or \"last\".  Without a RUN it\n"
		 "lists what is stored, newest last.  --plot is as wide as the terminal, or as\n"
		 "COLUMNS says, and in plain ASCII where the locale is not UTF-8 (LC_ALL=C).",
	.examples = "  oomrig show                      what is stored\n"
		    "  oomrig show last                 the newest run\n"
		    "  oomrig show 114439 114512        two runs side by side\n"
		    "  oomrig show last --plot          what memory did over its time\n"
		    "  oomrig show last --json          for programs",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

/* Where it lies now, not where it was written. */
static int add_run(struct run_list *runs, const char *folder, struct error *err)
{
	if (run_list_read(runs, folder, err) != 0)
		return -1;
	struct run_summary *last = &runs->summaries[runs->count - 1];
	last->folder = cmd_shown_path(last->folder);
	return 0;
}

/* "3 min ago" from the record's RFC 3339 time; "-" without one. */
static void add_age(struct buf *b, const json_t *record)
{
	const char *started = json_string_value(json_object_get(record, "started"));
	struct tm tm = { 0 };
	if (started == NULL || strptime(started, "%Y-%m-%dT%H:%M:%S", &tm) == NULL) {
		buf_adds(b, "-");
		return;
	}
	time_t age = time(NULL) - timegm(&tm);
	if (age < 0)
		buf_addf(b, "%.19s", started); /* the clock was set back: no age can be told */
	else if (age >= 48 * 3600)
		buf_addf(b, "%lld days ago", (long long)age / 86400);
	else if (age >= 3600)
		buf_addf(b, "%lld h ago", (long long)age / 3600);
	else if (age >= 60)
		buf_addf(b, "%lld min ago", (long long)age / 60);
	else
		buf_addf(b, "%lld s ago", (long long)age);
}

/* What is stored; an unreadable record is listed with its error. */
static int list_runs(const char *results)
{
	struct error err = ERROR_INIT;
	char **ids;
	size_t count;
	int status = STATUS_OK;
	if (store_list(results, &ids, &count, &err) != 0)
		return cmd_fail(&err);
	if (count == 0)
		text_line(stdout, "no runs in '%s'", cmd_shown_path(results));
	for (size_t i = 0; i < count; i++) {
		struct run_list one = { 0 };
		char *folder = xasprintf("%s/%s", results, ids[i]);
		if (add_run(&one, folder, &err) == 0) {
			struct buf age = BUF_INIT;
			add_age(&age, one.records[0]);
			report_line(stdout, one.summaries, buf_str(&age));
			buf_release(&age);
		} else {
			text_line(stdout, "%-40s%s", "unreadable", ids[i]);
			text_line(stdout, "    %s", err.message);
			status = STATUS_USAGE;
		}
		run_list_release(&one);
		free(folder);
	}
	store_free_list(ids, count);
	return status;
}

/* Everything that is stored; an unreadable record is named, and does not keep the others from being shown. */
static int read_all(struct run_list *runs, const char *results, int *status, struct error *err)
{
	char **ids;
	size_t count;
	if (store_list(results, &ids, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct error one = ERROR_INIT;
		char *folder = xasprintf("%s/%s", results, ids[i]);
		if (add_run(runs, folder, &one) != 0)
			*status = cmd_fail(&one);
		free(folder);
	}
	store_free_list(ids, count);
	return 0;
}

static int find_runs(struct run_list *runs, const char *results, const struct options_result *words, int *status,
		     struct error *err)
{
	for (size_t i = 0; i < words->operand_count; i++) {
		char *folder = store_find(results, words->operands[i], err);
		int rc = folder != NULL ? add_run(runs, folder, err) : -1;
		free(folder);
		if (rc != 0)
			return -1;
	}
	return words->operand_count > 0 ? 0 : read_all(runs, results, status, err);
}

static int main_show(int argc, char **argv)
{
	struct show_settings settings = { 0 };
	struct options_result words;
	struct error err = ERROR_INIT;
	int status;
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	if (settings.json && settings.plot) {
		error_set(&err, ERROR_USAGE, "'--json' and '--plot' are two formats: one at a time");
		return cmd_fail(&err);
	}
	if (settings.plot && words.operand_count == 0) {
		error_set(&err, ERROR_USAGE, "'--plot' of which run? \"last\" is the newest");
		return cmd_fail(&err);
	}
	const char *format = settings.json ? "json" : settings.plot ? "plot" : settings.format;
	const struct exporter *exporter = exporter_find(format, &err);
	if (exporter == NULL)
		return cmd_fail(&err);

	char *results = cmd_results_folder(settings.results);
	if (words.operand_count == 0 && strcmp(format, "terminal") == 0) {
		status = list_runs(results);
	} else {
		struct run_list runs = { 0 };
		if (find_runs(&runs, results, &words, &status, &err) != 0 ||
		    exporter->write(stdout, runs.summaries, runs.count, &err) != 0)
			status = cmd_fail(&err);
		run_list_release(&runs);
	}
	free(results);
	return status;
}

const struct command command_show = { "show", "a stored run in full, or several side by side", &manual, rows,
				      main_show };
