/*
 * oomrig log: the stored experiments as a story.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "base/text.h"
#include "cli/cmd_select.h"
#include "report/json.h"
#include "report/story.h"

struct log_settings {
	struct select_settings select;
	const char *results;
	bool json;
};

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, offsetof(struct log_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored [$OOMRIG_RESULTS, or ./results]" },
	SELECT_ROWS(offsetof(struct log_settings, select)),
	{ "json", 'j', OPTION_FLAG, offsetof(struct log_settings, json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig log [RUNS...] [options]",
	.about = "Tells the stored runs as experiments, oldest first: which branch, commit and\n"
		 "uncommitted changes of the server's sources, what was tried (--note), how often,\n"
		 "and what came out; without RUNS, all.  A record that cannot be read is named (in\n"
		 "\"damaged\" with --json) and left out, and the exit status is 2.\n\n" SELECT_WORDS,
	.examples = "  oomrig log                       all of it\n"
		    "  oomrig log my-branch             the experiments on that branch\n"
		    "  oomrig log --json | jq '.experiments[].note'",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

static int main_log(const struct cmd_call *call)
{
	const struct log_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	struct run_list runs = { 0 };
	char *results = cmd_results_folder(settings->results);
	int rc = cmd_select(&runs, results, &call->words, &settings->select, &err);
	if (rc == 0 && settings->json)
		rc = report_document(stdout, story_json(&runs), &err);
	else if (rc == 0 && runs.count == 0)
		text_line(stdout, "no runs in '%s'", fs_shown_path(results));
	else if (rc == 0)
		report_story(stdout, &runs);
	int status = rc != 0 ? cmd_fail(&err) : cmd_damaged(&runs);
	run_list_release(&runs);
	free(results);
	return status;
}

const struct command command_log = {
	.name = "log",
	.summary = "the stored experiments as a story",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct log_settings),
	.run = main_log,
};
