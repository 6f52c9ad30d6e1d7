/*
 * oomrig bisect: the commit of the server's sources that changed what comes out.
 */
#include <stdlib.h>

#include "base/units.h"
#include "campaign/bisect_run.h"
#include "cli/cmd_campaign.h"
#include "report/json.h"

struct bisect_settings {
	struct campaign_settings campaign;
	const char *scenario, *source, *build, *confidence, *floor;
	uint64_t budget;
};

#define FIELD(name) offsetof(struct bisect_settings, name)

static const struct option_row rows[] = {
	{ "scenario", 0, OPTION_PATH, FIELD(scenario), "FILE", NULL, 0, 0, NULL, "what is run on each commit" },
	{ "source", 0, OPTION_PATH, FIELD(source), "DIR", ".", 0, 0, NULL, "the checkout with the server's sources" },
	{ "build", 0, OPTION_STRING, FIELD(build), "LINE", NULL, 0, 0, NULL,
	  "how a commit is built, a shell line in its worktree;\na commit where it fails is skipped" },
	{ "confidence", 0, OPTION_STRING, FIELD(confidence), "SHARE", "95%", 0, 0, NULL,
	  "how sure to be of the commit, 50% to 99.9%" },
	{ "floor", 0, OPTION_STRING, FIELD(floor), "SHARE", NULL, 0, 0, NULL,
	  "find the commit that moved the floor (the smallest memory it survives on): those of OLD and NEW "
	  "are\nsearched first to that precision, such as "
	  "10%, "
	  "and all\nruns have a cap between the two" },
	{ "budget", 'b', OPTION_COUNT, FIELD(budget), "RUNS", "300", 4, 100000, NULL, "end after that many runs" },
	CAMPAIGN_MEMORY_ROW(FIELD(campaign)),
	CAMPAIGN_ROWS(FIELD(campaign)),
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig bisect OLD NEW --scenario FILE [options] -- COMMAND...",
	.about = "Finds the first commit after OLD, up to NEW, whose runs end otherwise: as the\n"
		 "scenario expects on one side, not so on the other, whether a fault came or went.\n"
		 "A crash may come in one run and not in the next: each commit is run as often as\n"
		 "the confidence needs.  COMMAND starts the server of a commit; {source} in it is\n"
		 "the commit's worktree.",
	.examples = "  oomrig bisect v1.2 main --scenario upload.yaml --source ~/server \\\n"
		    "    --build 'make server' -- {source}/server --data {data} --port {port}\n"
		    "  git bisect run sh -c \\\n"
		    "    'make server || exit 125; oomrig run upload.yaml --bisect-exit'",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_INCONCLUSIVE, STATUS_INTERRUPTED, STATUS_END },
	.meanings = { [STATUS_OK] = "the commit is found",
		      [STATUS_INCONCLUSIVE] = "several commits are left, or OLD and NEW cannot be told apart" },
};

static int run_bisect(struct campaign_kit *kit, const struct bisect_settings *settings, struct bisect_options *options,
		      struct error *err)
{
	struct bisect_result result = { 0 };
	struct error print_error = ERROR_INIT;
	char *under = cmd_work_folder(settings->campaign.work, kit->results);
	options->checkout = (struct checkout_options){ settings->source, under, settings->build };
	int rc = bisect_run(&kit->campaign, &kit->scenario, options, &result, err);
	int status = rc != 0 ? cmd_fail(err) : bisect_found(&result) ? STATUS_OK : STATUS_INCONCLUSIVE;
	if (!settings->campaign.json)
		bisect_print(stdout, &result);
	else if (result.search != NULL && report_document(stdout, bisect_json(&result), &print_error) != 0)
		status = cmd_fail(&print_error);
	bisect_result_release(&result);
	free(under);
	return status;
}

static int check(const struct bisect_settings *settings, const struct options_result *words,
		 struct bisect_options *options, struct error *err)
{
	if (words->operand_count != 2)
		return error_set(err, ERROR_USAGE, "an old and a new commit are needed, %zu given",
				 words->operand_count);
	if (settings->scenario == NULL)
		return error_set(err, ERROR_USAGE, "--scenario is needed: what is run on each commit");
	if (words->rest == NULL || words->rest[0] == NULL)
		return error_set(err, ERROR_USAGE, "the server's command is needed after '--', with {source} in it");
	if (units_parse_share(settings->confidence, &options->confidence, err) != 0)
		return error_prefix(err, "--confidence");
	if (options->confidence < 0.5 || options->confidence > 0.999)
		return error_set(err, ERROR_USAGE, "--confidence: '%s' is not between 50%% and 99.9%%",
				 settings->confidence);
	if (settings->floor && settings->campaign.memory != NULL)
		return error_set(err, ERROR_USAGE, "--floor finds the cap; --memory cannot set it");
	if (settings->floor != NULL) {
		if (units_parse_share(settings->floor, &options->floor_precision, err) != 0)
			return error_prefix(err, "--floor");
		if (options->floor_precision < 0.01 || options->floor_precision > 0.5)
			return error_set(err, ERROR_USAGE, "--floor: '%s' is not between 1%% and 50%%",
					 settings->floor);
	}
	options->oldest = words->operands[0];
	options->newest = words->operands[1];
	options->command = words->rest;
	options->budget = settings->budget;
	return 0;
}

static int main_bisect(const struct cmd_call *call)
{
	const struct bisect_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	struct bisect_options options = { 0 };
	struct campaign_kit kit;
	/* The command is set anew for each commit, with its worktree in it. */
	if (check(settings, &call->words, &options, &err) != 0 ||
	    campaign_open_scenario(&kit, &settings->campaign, settings->scenario, NULL, call->typed, &err) != 0)
		return cmd_fail(&err);
	int status = run_bisect(&kit, settings, &options, &err);
	campaign_close(&kit);
	return status;
}

const struct command command_bisect = {
	.name = "bisect",
	.summary = "the commit that changed what comes out",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct bisect_settings),
	.run = main_bisect,
};
