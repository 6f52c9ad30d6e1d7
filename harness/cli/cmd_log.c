/*
 * oomrig log: the stored experiments as a story.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/cmd_campaign.h"
#include "report/story.h"
#include "record/run_list.h"

struct log_settings {
	const char *results;
	bool json;
};

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, offsetof(struct log_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored [$OOMRIG_RESULTS, or ./results]" },
	{ "json", 'j', OPTION_FLAG, offsetof(struct log_settings, json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig log [RUNS...] [options]",
	.about = "Tells the stored runs as experiments, oldest first: which branch, commit and\n"
		 "uncommitted changes of the server's sources, what was tried (--note), how often,\n"
		 "and what came out.  RUNS are labels, branches, commits, starts of ids or\n"
		 "folders; without any it tells all.",
	.examples = "  oomrig log                       all of it\n"
		    "  oomrig log my-branch             the experiments on that branch\n"
		    "  oomrig log --json | jq '.experiments[].note'",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

static int collect(struct run_list *runs, const char *results, const struct options_result *words, struct error *err)
{
	size_t unreadable = 0;
	for (size_t i = 0; i < words->operand_count; i++)
		if (run_list_select(runs, results, words->operands[i], err) != 0)
			return -1;
	if (words->operand_count == 0 && run_list_read_all(runs, results, &unreadable, err) != 0)
		return -1;
	return 0;
}

static int main_log(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct log_settings settings = { 0 };
	struct options_result words;
	struct run_list runs = { 0 };
	int status;
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	char *results = cmd_results_folder(settings.results);
	int rc = collect(&runs, results, &words, &err);
	if (rc == 0 && settings.json)
		rc = campaign_print_json(story_json(&runs), &err);
	else if (rc == 0 && runs.count == 0)
		text_line(stdout, "no runs in '%s'", cmd_shown_path(results));
	else if (rc == 0)
		report_story(stdout, &runs);
	run_list_release(&runs);
	free(results);
	return rc != 0 ? cmd_fail(&err) : STATUS_OK;
}

const struct command command_log = { "log", "the stored experiments as a story", &manual, rows, main_log };
