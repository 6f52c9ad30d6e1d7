/*
 * oomrig shrink: the smallest load that still crashes a scenario's server.
 */
#include <stdio.h>

#include "campaign/shrink_run.h"
#include "cli/cmd_campaign.h"
#include "report/json.h"

struct shrink_settings {
	struct search_settings search;
	uint64_t confirm;
};

#define FIELD(name) offsetof(struct shrink_settings, name)

static const struct option_row rows[] = {
	{ "confirm", 'c', OPTION_COUNT, FIELD(confirm), "RUNS", "2", 1, 100, NULL,
	  "a load counts as crashing when that many runs of it all crash" },
	{ "budget", 'b', OPTION_COUNT, FIELD(search.budget), "RUNS", "100", 2, 100000, NULL,
	  "end after that many runs" },
	{ "precision", 0, OPTION_STRING, FIELD(search.precision), "SHARE", "10%", 0, 0, NULL,
	  "how well sizes and durations are to be known, 1% to 100%" },
	CAMPAIGN_MEMORY_ROW(FIELD(search.campaign)),
	CAMPAIGN_ROWS(FIELD(search.campaign)),
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig shrink SCENARIO [options] [-- COMMAND...]",
	.about = "Makes the load of a scenario smaller (clients, files, duration, size of each\n"
		 "group) as long as it still crashes the server, and ends with one line that\n"
		 "reproduces the crash.",
	.examples = "  oomrig shrink scenarios/picoshare/three-uploads-before-any-fix.yaml\n"
		    "  oomrig shrink upload.yaml --memory 64MiB --confirm 5",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_INCONCLUSIVE, STATUS_INTERRUPTED, STATUS_END },
	.meanings = { [STATUS_OK] = "no part of the load can be made smaller",
		      [STATUS_USAGE] = "wrong usage, or a scenario that does not crash its server every time",
		      [STATUS_INCONCLUSIVE] = "the budget was used before that" },
};

static int report(const struct shrink_result *result, const struct shrink_typed *typed, bool json, struct error *err)
{
	if (json)
		return report_document(stdout, shrink_json(result, typed), err);
	printf("\n");
	shrink_print(stdout, result, typed);
	return 0;
}

static int shrink(struct campaign_kit *kit, const struct cmd_call *call, double precision, struct error *err)
{
	const struct shrink_settings *settings = call->settings;
	const struct campaign_settings *campaign = &settings->search.campaign;
	const struct shrink_options options = { settings->confirm, settings->search.budget, precision };
	const struct shrink_typed typed = { call->words.operands[0], campaign->memory, &campaign->set,
					    call->words.rest };
	struct shrink_result result = { 0 };
	struct error print_error = ERROR_INIT;
	int status = STATUS_INCONCLUSIVE;
	if (shrink_run(&kit->campaign, &kit->scenario, &options, &result, err) != 0)
		status = cmd_fail(err);
	else if (result.search->end == SHRINK_COMPLETE)
		status = STATUS_OK;
	/* What has given way already is not lost when the user has seen enough. */
	if (shrink_found(&result) && report(&result, &typed, campaign->json, &print_error) != 0)
		status = cmd_fail(&print_error);
	shrink_result_release(&result);
	return status;
}

static int main_shrink(const struct cmd_call *call)
{
	static const struct search_command search = { 0.01, 1, shrink };
	return search_main(&search, call);
}

const struct command command_shrink = {
	.name = "shrink",
	.summary = "the smallest load that still crashes it",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct shrink_settings),
	.run = main_shrink,
};
