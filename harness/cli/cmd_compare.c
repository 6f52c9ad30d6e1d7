/*
 * oomrig compare: are the second runs better, worse or the same?
 */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "campaign/compare.h"
#include "campaign/compare_run.h"
#include "cli/cmd_campaign.h"
#include "cli/cmd_select.h"

struct compare_settings {
	struct campaign_settings campaign;
	struct select_settings select;
	const char *margin, *rate_margin, *format, *live, *source, *build;
	uint64_t calibrate, runs, seed;
};

#define FIELD(name) offsetof(struct compare_settings, name)

static const char *const formats[] = COMPARE_FORMAT_NAMES;

static const struct option_row rows[] = {
	SELECT_ROWS(FIELD(select)),
	{ "margin", 0, OPTION_STRING, FIELD(margin), "SHARE", "10%", 0, 0, NULL,
	  "figures that differ by less are the same" },
	{ "rate-margin", 0, OPTION_STRING, FIELD(rate_margin), "SHARE", "30%", 0, 0, NULL,
	  "crash rates that differ by less, in points, are the same" },
	{ "format", 'f', OPTION_CHOICE, FIELD(format), "NAME", "terminal", 0, 0, formats,
	  "terminal, markdown or json" },
	{ "live", 0, OPTION_PATH, FIELD(live), "FILE", NULL, 0, 0, NULL,
	  "run that scenario now, both sides in turn in random order:\nA and B are commits of the server's sources "
	  "that COMMAND\n"
	  "starts ({source} in it is the commit's worktree), or two\ncommands where none is given" },
	{ "source", 0, OPTION_PATH, FIELD(source), "DIR", ".", 0, 0, NULL,
	  "--live: the checkout with the server's sources" },
	{ "build", 0, OPTION_STRING, FIELD(build), "LINE", NULL, 0, 0, NULL,
	  "--live: how a commit is built, a shell line in its worktree" },
	{ "runs", 'n', OPTION_COUNT, FIELD(runs), "N", "10", 2, 1000, NULL,
	  "runs of each side, for --live and --calibrate" },
	{ "calibrate", 0, OPTION_COUNT, FIELD(calibrate), "ROUNDS", NULL, 1, 100000, NULL,
	  "measure instead how often such a comparison finds a\ndifference that is not there: that often, --runs runs "
	  "drawn from A "
	  "against others of A,\nand against runs of B" },
	{ "seed", 0, OPTION_COUNT, FIELD(seed), "N", "1", 0, 0, NULL, "of every random choice" },
	CAMPAIGN_MEMORY_ROW(FIELD(campaign)),
	CAMPAIGN_ROWS(FIELD(campaign)),
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig compare A B [options] [-- COMMAND...]",
	.about = "Says whether the runs of B are better than those of A, worse, or the same:\n"
		 "lost data, verdicts, crash rates and failed requests first, then floors,\n"
		 "unreclaimable peaks, growth with work, throughput and latency.  A and B are two\n"
		 "RUNS, or commits and commands that are run now (--live).  All runs of a scenario\n"
		 "must carry the same load.\n\n" SELECT_WORDS,
	.examples = "  oomrig compare before-any-fix all-fixes\n"
		    "  oomrig compare main my-branch --format markdown\n"
		    "  oomrig compare 20261121-1144 6fd2a1c --json\n"
		    "  oomrig compare main my-branch --live upload.yaml --build 'make server' -- \\\n"
		    "    {source}/server --data {data} --port {port}",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_INCONCLUSIVE, STATUS_INTERRUPTED,
		      STATUS_END },
	.meanings = { [STATUS_OK] = "B is better or the same; --calibrate: done",
		      [STATUS_VERDICT] = "B is worse",
		      [STATUS_INCONCLUSIVE] = "neither can be said; how many more of each side would settle it is" },
};

/* By enum answer. */
static const enum exit_status answer_statuses[] = { [ANSWER_BETTER] = STATUS_OK,
						    [ANSWER_WORSE] = STATUS_VERDICT,
						    [ANSWER_SAME] = STATUS_OK,
						    [ANSWER_INCONCLUSIVE] = STATUS_INCONCLUSIVE };

/* What all steps of a comparison need. */
struct comparing {
	const struct compare_settings *settings;
	const struct compare_format *format;
	struct compare_options options;
	struct run_list lists[2];
	struct error err;
};

static int read_options(struct comparing *c)
{
	const struct compare_settings *settings = c->settings;
	c->options = (struct compare_options)COMPARE_DEFAULTS;
	c->format = compare_format_find(settings->campaign.json ? "json" : settings->format);
	if (units_parse_share(settings->margin, &c->options.margin, &c->err) != 0)
		return error_prefix(&c->err, "--margin");
	if (units_parse_share(settings->rate_margin, &c->options.rate_margin, &c->err) != 0)
		return error_prefix(&c->err, "--rate-margin");
	return 0;
}

static int calibrate(struct comparing *c, const struct comparison_set *set)
{
	if (set->count > 1) {
		error_set(&c->err, ERROR_USAGE, "both sides have %zu scenarios; --scenario picks the one to measure on",
			  set->count);
		return cmd_fail(&c->err);
	}
	struct calibration rates = { c->settings->calibrate, c->settings->runs, c->settings->seed, { 0 }, { 0 } };
	if (compare_calibrate(&set->sides[0], &set->sides[1], &c->options, &rates, &c->err) != 0 ||
	    c->format->calibration(stdout, &rates, &c->err) != 0)
		return cmd_fail(&c->err);
	return STATUS_OK;
}

static int compare_lists(struct comparing *c, char *const names[2])
{
	const char *const both[2] = { names[0], names[1] };
	struct comparison_set set;
	int status;
	if (compare_set_read(&set, c->lists, both, &c->options, &c->err) != 0)
		status = cmd_fail(&c->err);
	else if (c->settings->calibrate > 0)
		status = calibrate(c, &set);
	else if (c->format->write(stdout, &set, &c->err) != 0)
		status = cmd_fail(&c->err);
	else
		status = (int)answer_statuses[set.answer];
	compare_set_release(&set);
	return status;
}

/* A run on both sides would be compared with itself. */
static int check_apart(const struct run_list lists[2], char *const names[2], struct error *err)
{
	for (size_t i = 0; i < lists[0].count; i++)
		for (size_t k = 0; k < lists[1].count; k++)
			if (strcmp(lists[0].summaries[i].id, lists[1].summaries[k].id) == 0)
				return error_set(err, ERROR_USAGE,
						 "run '%s' is on both sides, of '%s' and of '%s': a comparison needs "
						 "two groups of runs",
						 lists[0].summaries[i].id, names[0], names[1]);
	return 0;
}

static int select_sides(struct comparing *c, const char *results, char *const names[2])
{
	struct select_filter filter;
	if (cmd_select_filter(&c->settings->select, &filter, &c->err) != 0)
		return -1;
	for (size_t k = 0; k < 2; k++) {
		if (select_runs(&c->lists[k], results, names[k], &filter, &c->err) != 0)
			return -1;
		if (c->lists[k].count == 0)
			return error_set(&c->err, ERROR_INPUT, "'%s' has no run that can be read", names[k]);
	}
	return check_apart(c->lists, names, &c->err);
}

static int compare_stored(struct comparing *c, const struct cmd_call *call)
{
	char *results = cmd_results_folder(c->settings->campaign.results);
	int rc = select_sides(c, results, call->words.operands);
	int status = rc != 0 ? cmd_fail(&c->err) : compare_lists(c, call->words.operands);
	free(results);
	return status;
}

static int compare_live(struct comparing *c, const struct cmd_call *call)
{
	const struct compare_settings *settings = c->settings;
	struct campaign_kit kit;
	if (campaign_open_scenario(&kit, &settings->campaign, settings->live, NULL, call->typed, &c->err) != 0)
		return cmd_fail(&c->err);
	if (!c->format->people)
		kit.campaign.made = NULL; /* nothing but the report */
	char *under = cmd_work_folder(settings->campaign.work, kit.results);
	struct compare_run_options live = { .names = call->words.operands,
					    .command = call->words.rest,
					    .checkout = { settings->source, under, settings->build },
					    .runs = settings->runs,
					    .seed = settings->seed };
	int rc = compare_run(&kit.campaign, &kit.scenario, &live, c->lists, &c->err);
	int status = rc != 0 ? cmd_fail(&c->err) : compare_lists(c, call->words.operands);
	campaign_close(&kit);
	free(under);
	return status;
}

static int main_compare(const struct cmd_call *call)
{
	struct comparing c = { .settings = call->settings, .err = ERROR_INIT };
	if (call->words.operand_count != 2)
		error_set(&c.err, ERROR_USAGE, "two groups of runs are needed, %zu given", call->words.operand_count);
	else
		read_options(&c);
	if (c.err.code != ERROR_NONE)
		return cmd_fail(&c.err);
	int status = c.settings->live != NULL ? compare_live(&c, call) : compare_stored(&c, call);
	run_list_release(&c.lists[0]);
	run_list_release(&c.lists[1]);
	return status;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "are the second runs better, worse or the same",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct compare_settings),
	.run = main_compare,
};
