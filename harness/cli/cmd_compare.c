/*
 * oomrig compare: are the second runs better, worse or the same?
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "campaign/compare.h"
#include "campaign/live.h"
#include "cli/cmd_campaign.h"

struct compare_settings {
	struct campaign_settings campaign;
	const char *scenario, *margin, *rate_margin, *format, *live, *source, *build;
	uint64_t calibrate, runs, seed;
};

#define FIELD(name) offsetof(struct compare_settings, name)

static const char *const formats[] = { "terminal", "markdown", "json", NULL };

static const struct option_row rows[] = {
	{ "scenario", 0, OPTION_STRING, FIELD(scenario), "NAME", NULL, 0, 0, NULL,
	  "only runs of that scenario, where a side holds several" },
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
	.about = "Says whether the runs of B are better than those of A, worse, or the same, from\n"
		 "crash rates, floors, unreclaimable peaks, growth with work, throughput and\n"
		 "latency.  A and B are labels, branches, commits, starts of ids or folders of\n"
		 "stored runs, or commits and commands that are run now (--live).  All runs must\n"
		 "carry the same load.",
	.examples = "  oomrig compare before-any-fix all-fixes\n"
		    "  oomrig compare main my-branch --format markdown\n"
		    "  oomrig compare results/20261121-1144 6fd2a1c --json\n"
		    "  oomrig compare main my-branch --live upload.yaml --build 'make server' -- \\\n"
		    "    {source}/server --data {data} --port {port}",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_INCONCLUSIVE, STATUS_INTERRUPTED,
		      STATUS_END },
	.meanings = { [STATUS_OK] = "B is better or the same; --calibrate: done",
		      [STATUS_VERDICT] = "B is worse",
		      [STATUS_INCONCLUSIVE] = "neither can be said; how many more runs would settle it is" },
};

/* By enum answer. */
static const enum exit_status answer_statuses[] = { [ANSWER_BETTER] = STATUS_OK,
						    [ANSWER_WORSE] = STATUS_VERDICT,
						    [ANSWER_SAME] = STATUS_OK,
						    [ANSWER_INCONCLUSIVE] = STATUS_INCONCLUSIVE };

static int write_terminal(const struct comparison *c, struct error *err)
{
	(void)err;
	compare_print(stdout, c);
	return 0;
}

static int write_markdown(const struct comparison *c, struct error *err)
{
	(void)err;
	compare_markdown(stdout, c);
	return 0;
}

static int write_json(const struct comparison *c, struct error *err)
{
	return campaign_print_json(compare_json(c), err);
}

/* In the order of formats[]. */
static int (*const writers[])(const struct comparison *c, struct error *err) = { write_terminal, write_markdown,
										 write_json };

static int write_comparison(const struct comparison *c, const struct compare_settings *settings, struct error *err)
{
	const char *format = settings->campaign.json ? "json" : settings->format;
	size_t i = 0;
	while (strcmp(formats[i], format) != 0)
		i++;
	return writers[i](c, err);
}

static int read_options(const struct compare_settings *settings, struct compare_options *options, struct error *err)
{
	*options = (struct compare_options)COMPARE_DEFAULTS;
	if (units_parse_share(settings->margin, &options->margin, err) != 0)
		return error_prefix(err, "--margin");
	if (units_parse_share(settings->rate_margin, &options->rate_margin, err) != 0)
		return error_prefix(err, "--rate-margin");
	return 0;
}

/* Keeps the runs of one scenario. */
static int keep_scenario(struct run_list *list, const char *name, const char *side, struct error *err)
{
	struct run_list kept = { 0 };
	int rc = 0;
	for (size_t i = 0; rc == 0 && name != NULL && i < list->count; i++)
		if (strcmp(list->summaries[i].scenario, name) == 0)
			rc = run_list_add(&kept, json_incref(list->records[i]), err);
	if (name == NULL)
		return 0;
	if (rc == 0 && kept.count == 0)
		rc = error_set(err, ERROR_USAGE, "'%s' has no runs of scenario '%s'", side, name);
	run_list_release(list);
	*list = kept;
	return rc;
}

static int print_calibration(const struct calibration *c, const struct compare_settings *settings, struct error *err)
{
	static const char *const keys[] = { "same", "different" };
	const size_t *const counts[] = { c->same, c->different };
	json_t *root = json_pack("{s:I, s:I}", "rounds", (json_int_t)c->rounds, "runs", (json_int_t)c->runs);
	for (size_t k = 0; k < 2; k++) {
		json_t *object = json_object();
		for (size_t i = ANSWER_BETTER; i <= ANSWER_INCONCLUSIVE; i++)
			json_object_set_new(object, answer_names[i], json_integer((json_int_t)counts[k][i]));
		json_object_set_new(root, keys[k], object);
	}
	if (settings->campaign.json || strcmp(settings->format, "json") == 0)
		return campaign_print_json(json_pack("{s:i, s:o}", "schema", 1, "calibration", root), err);
	json_decref(root);
	printf("| %zu comparisons of %zu runs each | better | worse | same | inconclusive |\n|---|---|---|---|---|\n",
	       c->rounds, c->runs);
	for (size_t k = 0; k < 2; k++)
		printf("| %s | %zu | %zu | %zu | %zu |\n", k == 0 ? "A against A" : "A against B",
		       counts[k][ANSWER_BETTER], counts[k][ANSWER_WORSE], counts[k][ANSWER_SAME],
		       counts[k][ANSWER_INCONCLUSIVE]);
	return 0;
}

static int answer(const struct observations *a, const struct observations *b, const struct compare_options *options,
		  const struct compare_settings *settings, struct error *err)
{
	struct comparison c;
	if (settings->calibrate > 0) {
		struct calibration rates = { settings->calibrate, settings->runs, settings->seed, { 0 }, { 0 } };
		if (compare_calibrate(a, b, options, &rates, err) != 0 || print_calibration(&rates, settings, err) != 0)
			return cmd_fail(err);
		return STATUS_OK;
	}
	compare(a, b, options, &c);
	return write_comparison(&c, settings, err) != 0 ? cmd_fail(err) : (int)answer_statuses[c.answer];
}

static int compare_lists(const struct run_list lists[2], char *const names[2], const struct compare_options *options,
			 const struct compare_settings *settings, struct error *err)
{
	struct observations a, b;
	if (compare_check_load(&lists[0], &lists[1], err) != 0)
		return cmd_fail(err);
	observations_read(&a, names[0], &lists[0]);
	observations_read(&b, names[1], &lists[1]);
	int status = answer(&a, &b, options, settings, err);
	observations_free(&a);
	observations_free(&b);
	return status;
}

static int compare_stored(char *const names[2], const struct compare_options *options,
			  const struct compare_settings *settings, struct error *err)
{
	struct run_list lists[2] = { { 0 }, { 0 } };
	char *results = cmd_results_folder(settings->campaign.results);
	int rc = 0;
	for (size_t k = 0; rc == 0 && k < 2; k++)
		if (run_list_select(&lists[k], results, names[k], err) != 0 ||
		    keep_scenario(&lists[k], settings->scenario, names[k], err) != 0)
			rc = -1;
	int status = rc != 0 ? cmd_fail(err) : compare_lists(lists, names, options, settings, err);
	run_list_release(&lists[0]);
	run_list_release(&lists[1]);
	free(results);
	return status;
}

static int compare_live(const struct options_result *words, char *const *typed, const struct compare_options *options,
			const struct compare_settings *settings, struct error *err)
{
	struct run_list lists[2] = { { 0 }, { 0 } };
	struct campaign_kit kit;
	if (campaign_open(&kit, &settings->campaign, settings->live, NULL, typed, err) != 0)
		return cmd_fail(err);
	if (strcmp(settings->format, "terminal") != 0)
		kit.campaign.out = NULL; /* nothing but the report */
	char *under = cmd_work_folder(settings->campaign.work, kit.results);
	struct live_options live = { .names = words->operands,
				     .command = words->rest,
				     .checkout = { settings->source, under, settings->build },
				     .runs = settings->runs,
				     .seed = settings->seed };
	int rc = live_run(&kit.campaign, &kit.scenario, &live, lists, err);
	int status = rc != 0 ? cmd_fail(err) : compare_lists(lists, words->operands, options, settings, err);
	run_list_release(&lists[0]);
	run_list_release(&lists[1]);
	campaign_close(&kit);
	free(under);
	return status;
}

static int main_compare(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct compare_settings settings = { 0 };
	struct compare_options options;
	struct options_result words;
	int status;
	char **typed = cmd_typed(argc, argv);
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status)) {
		free(typed);
		return status;
	}
	if (words.operand_count != 2)
		error_set(&err, ERROR_USAGE, "two groups of runs are needed, %zu given", words.operand_count);
	else
		read_options(&settings, &options, &err);
	if (err.code != ERROR_NONE)
		status = cmd_fail(&err);
	else if (settings.live != NULL)
		status = compare_live(&words, typed, &options, &settings, &err);
	else
		status = compare_stored(words.operands, &options, &settings, &err);
	options_release(rows, &settings);
	free(typed);
	return status;
}

const struct command command_compare = { "compare", "are the second runs better, worse or the same", &manual, rows,
					 main_compare };
