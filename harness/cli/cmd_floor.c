/*
 * oomrig floor: the smallest memory a scenario's server survives on.
 */
#include <stdio.h>

#include "campaign/floor_run.h"
#include "cli/cmd_campaign.h"
#include "report/json.h"

#define FIELD(name) offsetof(struct search_settings, name)

static const struct option_row rows[] = {
	{ "precision", 0, OPTION_STRING, FIELD(precision), "SHARE", "5%", 0, 0, NULL,
	  "how well both points are to be known, 1% to 50%" },
	{ "budget", 'b', OPTION_COUNT, FIELD(budget), "RUNS", "20", 2, 1000, NULL,
	  "end after that many runs, known or not" },
	CAMPAIGN_ROWS(FIELD(campaign)),
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig floor SCENARIO [options] [-- COMMAND...]",
	.about = "Finds the floor, the smallest memory that the server survives on: the cap under\n"
		 "which half of the runs survive, and the one under which 95 % do, with their\n"
		 "intervals.  The first run has no cap: what it takes is the first guess.\n"
		 "Each further cap is chosen from what the runs before it have shown.  A run that\n"
		 "proves nothing is made again, or the search stops: it never counts as survived.",
	.examples = "  oomrig floor scenarios/picoshare/one-upload-before-any-fix.yaml\n"
		    "  oomrig floor scenarios/picoshare/two-uploads-before-any-fix.yaml --budget 60\n"
		    "  oomrig floor scenarios/nginx/three-uploads.yaml --precision 10% --json",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_INCONCLUSIVE, STATUS_INTERRUPTED, STATUS_END },
	.meanings = { [STATUS_OK] = "both points are known to the asked precision",
		      [STATUS_INCONCLUSIVE] = "not within the budget, or they may lie outside what was searched" },
};

static int report(const struct floor_result *result, const struct run_list *runs, bool json, struct error *err)
{
	if (json)
		return result->search != NULL ? report_document(stdout, floor_json(result, runs), err) : 0;
	printf("\n");
	floor_print(stdout, result);
	return 0;
}

static int find_floor(struct campaign_kit *kit, const struct cmd_call *call, double precision, struct error *err)
{
	const struct search_settings *settings = call->settings;
	struct floor_result result = { 0 };
	struct floor_estimate e = { 0 };
	int rc = floor_run(&kit->campaign, &kit->scenario, precision, settings->budget, &result, err);
	int status = rc != 0 ? cmd_fail(err) : STATUS_OK;
	struct error print_error = ERROR_INIT;
	/* What is known already is not lost when a later run failed. */
	if (report(&result, &kit->campaign.runs, settings->campaign.json, &print_error) != 0)
		status = cmd_fail(&print_error);
	if (status == STATUS_OK) {
		floor_estimate(result.search, &e);
		status = e.precise && !e.at_edge ? STATUS_OK : STATUS_INCONCLUSIVE;
	}
	floor_result_release(&result);
	return status;
}

static int main_floor(const struct cmd_call *call)
{
	static const struct search_command search = { 0.01, 0.50, find_floor };
	return search_main(&search, call);
}

const struct command command_floor = {
	.name = "floor",
	.summary = "the smallest memory the server survives on",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct search_settings),
	.run = main_floor,
};
