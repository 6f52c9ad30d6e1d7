/*
 * oomrig run: runs scenarios, prints what came out.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "campaign/repeat.h"
#include "cli/cmd_campaign.h"
#include "cli/cmd_format.h"
#include "campaign/setup.h"
#include "report/report.h"

struct run_settings {
	struct campaign_settings campaign;
	struct format_settings format;
	uint64_t runs;
	struct option_list expect;
	bool keep_data, verbose, bisect_exit;
};

#define FIELD(name) offsetof(struct run_settings, name)

static const struct option_row rows[] = {
	{ "isolation", 'i', OPTION_STRING, FIELD(campaign.isolation), "NAME", NULL, 0, 0, NULL,
	  "where the server runs instead of what the scenario says: auto,\ncgroup-v2, cgroup-v1, machine, none" },
	{ "memory", 'm', OPTION_STRING, FIELD(campaign.memory), "SIZE", NULL, 0, 0, NULL,
	  "memory cap instead of the scenario's, e.g. 256MiB; 'none' for no cap" },
	{ "runs", 'n', OPTION_COUNT, FIELD(runs), "N", NULL, 1, 10000, NULL,
	  "run each scenario N times: a crash may come in one run and not in the next" },
	{ "set", 's', OPTION_LIST, FIELD(campaign.set), "KEY=VALUE", NULL, 0, 0, NULL,
	  "override a key of the scenario, e.g. load.tabs.size=269MB or\nserver.preset=all-fixes; "
	  "'oomrig list --keys' names them" },
	{ "expect", 'e', OPTION_LIST, FIELD(expect), "VERDICT", NULL, 0, 0, NULL,
	  "what is expected instead of what the scenario says, e.g.\ncrashed/oom-kill; several: any of them" },
	{ "label", 'l', OPTION_STRING, FIELD(campaign.label), "NAME", NULL, 0, 0, NULL,
	  "recorded with the run, to find it by" },
	{ "note", 0, OPTION_STRING, FIELD(campaign.note), "TEXT", NULL, 0, 0, NULL,
	  "what is tried here, in words; oomrig log tells it" },
	{ "results", 'r', OPTION_PATH, FIELD(campaign.results), "DIR", NULL, 0, 0, NULL,
	  "where the run folders go [$OOMRIG_RESULTS, or ./results]" },
	{ "work", 'w', OPTION_PATH, FIELD(campaign.work), "DIR", NULL, 0, 0, NULL,
	  "where the server keeps its data meanwhile; a real disk\n[a folder below the results]" },
	{ "keep-data", 0, OPTION_FLAG, FIELD(keep_data), NULL, NULL, 0, 0, NULL,
	  "leave the server's data folder for a look" },
	FORMAT_ROWS(FIELD(format)),
	{ "bisect-exit", 0, OPTION_FLAG, FIELD(bisect_exit), NULL, NULL, 0, 0, NULL,
	  "end as git bisect run wants it: 0 all as expected, 1 not, 125 nothing\nproved, 128 wrong usage" },
	{ "quiet", 'q', OPTION_FLAG, FIELD(campaign.quiet), NULL, NULL, 0, 0, NULL, "no progress display" },
	{ "verbose", 'v', OPTION_FLAG, FIELD(verbose), NULL, NULL, 0, 0, NULL,
	  "say more: the tables of a run too, and what the rig does" },
	{ NULL, 0, OPTION_FLAG, 0, NULL, NULL, 0, 0, NULL, NULL },
};

static const struct manual manual = {
	.usage = "oomrig run SCENARIO... [options] [-- COMMAND...]",
	.about = "Starts the scenario's server inside a memory cap, puts the load on it and judges\n"
		 "from the evidence whether it crashed or only grew.  Each run leaves a folder\n"
		 "with the record.  A folder stands for the scenarios below it, \"-\" for one on\n"
		 "standard input.  COMMAND replaces the server's command; {port}, {data} and\n"
		 "{tmp} in it are filled in.",
	.examples = "  oomrig run scenarios/picoshare/three-uploads-before-any-fix.yaml\n"
		    "  oomrig run scenarios/case-studies/ --json\n"
		    "  oomrig run scenarios/picoshare/two-uploads-before-any-fix.yaml --runs 10\n"
		    "  oomrig run scenarios/nginx/three-uploads.yaml --memory 32MiB --json",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_SKIPPED, STATUS_INTERRUPTED,
		      STATUS_END },
	.meanings = { [STATUS_OK] = "every run ended as its scenario expects",
		      [STATUS_VERDICT] = "a run did not",
		      [STATUS_RIG] = "a run is invalid, or could not be made; oomrig doctor says more",
		      [STATUS_SKIPPED] = "every run was skipped, with the reason" },
};

/* A page, or a line for each of several: the table at the end sums them up. */
static void print(const struct run_summary *run, const char *note, bool verbose)
{
	if (note != NULL) {
		report_line(stdout, run, note);
	} else {
		(verbose ? report_run : report_run_short)(stdout, run);
	}
	fflush(stdout);
}

static void print_short(const struct run_summary *run, const char *note)
{
	print(run, note, false);
}

static void print_in_full(const struct run_summary *run, const char *note)
{
	print(run, note, true);
}

/* A skipped run is a failure of none: it only counts where nothing else was run. */
static int exit_code(const struct run_list *all, bool stopped)
{
	int code = stopped ? STATUS_INTERRUPTED : STATUS_OK;
	size_t skipped = 0;
	for (size_t i = 0; i < all->count && !stopped; i++) {
		const struct run_summary *s = &all->summaries[i];
		if (s->as_expected)
			continue;
		if (s->outcome == OUTCOME_SKIPPED)
			skipped++;
		else if (s->outcome == OUTCOME_INVALID)
			code = STATUS_RIG;
		else if (code == STATUS_OK)
			code = STATUS_VERDICT;
	}
	return skipped == all->count && skipped > 0 ? STATUS_SKIPPED : code;
}

static int print_results(const struct run_list *all, const struct exporter *exporter,
			 const struct format_settings *format, struct error *err)
{
	if (exporter != exporters[0] || format->output != NULL)
		return cmd_format_write(exporter, format, all, err);
	if (all->count > 1) {
		putchar('\n');
		report_side_by_side(stdout, all->summaries, all->count);
		report_unexpected(stdout, all->summaries, all->count);
	}
	return 0;
}

static int run_all(const struct setup_scenarios *scenarios, const struct run_settings *settings,
		   const struct exporter *exporter, struct campaign_kit *kit)
{
	struct error err = ERROR_INIT, print_error = ERROR_INIT;
	struct campaign *c = &kit->campaign;
	bool stopped = false;
	size_t total = 0;
	int rc = 0;
	c->options.keep_data = settings->keep_data;
	c->made = cmd_format_alone(exporter, &settings->format) ? NULL
		  : settings->verbose				? print_in_full
								: print_short;
	for (size_t i = 0; i < scenarios->count; i++)
		total += repeat_count(&scenarios->items[i], settings->runs);
	for (size_t i = 0; rc == 0 && i < scenarios->count && !stopped; i++)
		rc = repeat_run(c, &scenarios->items[i], repeat_count(&scenarios->items[i], settings->runs), total,
				&stopped, &err);
	int code = rc != 0 ? cmd_fail(&err) : exit_code(&c->runs, stopped);
	/* What did run is not lost when a later run could not be recorded. */
	if (c->runs.count > 0 && print_results(&c->runs, exporter, &settings->format, &print_error) != 0)
		code = cmd_fail(&print_error);
	return code;
}

static int main_run(const struct cmd_call *call)
{
	const struct run_settings *settings = call->settings;
	const struct campaign_settings *campaign = &settings->campaign;
	const struct setup setup = { campaign->isolation, campaign->memory, &campaign->set, &settings->expect,
				     call->words.rest };
	struct setup_scenarios scenarios;
	struct error err = ERROR_INIT;
	struct campaign_kit kit;
	int status;
	if (settings->verbose)
		log_set_level(LOG_INFO);
	const struct exporter *exporter = cmd_format_find(&settings->format, &err);
	if (exporter == NULL)
		return cmd_fail(&err);
	if (setup_scenarios(&scenarios, call->words.operands, &setup, &err) != 0 ||
	    campaign_open(&kit, campaign, call->typed, &err) != 0) {
		status = cmd_fail(&err);
	} else {
		status = run_all(&scenarios, settings, exporter, &kit);
		campaign_close(&kit);
	}
	setup_release(&scenarios);
	return status;
}

/* Where the line cannot be read, the option may stand behind what is wrong with it. */
static bool wants_bisect_exit(const struct cmd_call *call)
{
	const struct run_settings *settings = call->settings;
	bool found = settings->bisect_exit;
	for (char *const *word = call->typed; !found && *word != NULL && strcmp(*word, "--") != 0; word++)
		found = strcmp(*word, "--bisect-exit") == 0;
	return found;
}

/* git-bisect(1): 125 skips the commit, 128 and above stop the search. */
static int end_run(const struct cmd_call *call, int status)
{
	if (!wants_bisect_exit(call))
		return status;
	return status == STATUS_RIG || status == STATUS_SKIPPED ? 125 : status == STATUS_USAGE ? 128 : status;
}

const struct command command_run = {
	.name = "run",
	.summary = "run scenarios and say what became of the server",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct run_settings),
	.run = main_run,
	.end = end_run,
};
