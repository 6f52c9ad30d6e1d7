/*
 * oomrig selftest: are this rig's verdicts right, on this host?
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/home.h"
#include "campaign/truth.h"
#include "cli/cmd.h"
#include "report/json.h"

struct selftest_settings {
	uint64_t runs, seed;
	const char *corpus, *results, *write;
	bool keep, quiet, json;
};

#define FIELD(name) offsetof(struct selftest_settings, name)

static const struct option_row rows[] = {
	{ "runs", 'n', OPTION_COUNT, FIELD(runs), "N", "1", 1, 100000, NULL, "run each case N times" },
	{ "seed", 0, OPTION_COUNT, FIELD(seed), "N", "1", 0, 0, NULL,
	  "of the first round; the next ones count on: sizes and times\nof the targets are drawn from it" },
	{ "corpus", 0, OPTION_PATH, FIELD(corpus), "DIR", NULL, 0, 0, NULL,
	  "scenarios of your own, each with the one right verdict as\n'expect', instead of those that come with it" },
	{ "results", 'r', OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the run folders go; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "keep", 0, OPTION_FLAG, FIELD(keep), NULL, NULL, 0, 0, NULL,
	  "keep the folders of runs that came out right too" },
	{ "write", 0, OPTION_PATH, FIELD(write), "FILE", NULL, 0, 0, NULL,
	  "write the result as Markdown into FILE, between the lines\n'<!-- selftest: begin -->' and "
	  "'<!-- selftest: end -->'" },
	{ "json", 'j', OPTION_FLAG, FIELD(json), NULL, NULL, 0, 0, NULL,
	  "print the result as JSON on standard output, and nothing else" },
	{ "quiet", 'q', OPTION_FLAG, FIELD(quiet), NULL, NULL, 0, 0, NULL,
	  "only what came out wrong or was not judged, and the matrix" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig selftest [CASE...] [options]",
	.about = "Runs servers whose fate is known by construction (tests/truth/) and the golden\n"
		 "pair of the case study, and counts how often this rig's verdict on this host is\n"
		 "the right one.  Takes about a minute.  A CASE is the name of one of them.",
	.examples = "  oomrig selftest                          all of them once\n"
		    "  oomrig selftest worker-killed --runs 20  one of them twenty times\n"
		    "  oomrig selftest --runs 13 --write docs/verdicts.md",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_INCONCLUSIVE, STATUS_INTERRUPTED,
		      STATUS_END },
	.meanings = { [STATUS_OK] = "every verdict is right",
		      [STATUS_VERDICT] = "a verdict is wrong",
		      [STATUS_INCONCLUSIVE] = "the host was too busy: no verdict was judged" },
};

static void on_outcome(void *arg, const struct truth_outcome *o)
{
	const struct selftest_settings *settings = arg;
	if (!settings->json && (!o->right || !o->judged || !settings->quiet))
		truth_print_outcome(stdout, o);
}

static int report(const struct truth *t, const struct selftest_settings *settings, uint64_t took_ns, struct error *err)
{
	if (!settings->json)
		truth_print(stdout, t, took_ns);
	else if (report_document(stdout, truth_json(t, took_ns), err) != 0)
		return cmd_fail(err);
	if (settings->write != NULL && !t->interrupted && truth_write(settings->write, t, err) != 0)
		return cmd_fail(err);
	if (t->interrupted)
		return STATUS_INTERRUPTED;
	if (t->confusion.runs == 0)
		return STATUS_INCONCLUSIVE;
	return t->confusion.wrong > 0 ? STATUS_VERDICT : STATUS_OK;
}

static int main_selftest(const struct cmd_call *call)
{
	/* It is handed through as `void *`, and only read. */
	struct selftest_settings settings = *(const struct selftest_settings *)call->settings;
	struct error err = ERROR_INIT;
	struct truth truth;
	int status;
	char *program = home_folder(&err);
	char *results = cmd_results_folder(settings.results);
	struct truth_options options = { .program = program,
					 .corpus = settings.corpus,
					 .results = results,
					 .only = (const char *const *)call->words.operands,
					 .only_count = call->words.operand_count,
					 .runs = settings.runs,
					 .seed = settings.seed,
					 .keep = settings.keep,
					 .command_line = (const char *const *)call->typed,
					 .done = on_outcome,
					 .arg = &settings };
	uint64_t started_ns = clock_ns();
	if (program == NULL || truth_run(&options, &truth, &err) != 0) {
		status = cmd_fail(&err);
	} else {
		status = report(&truth, &settings, clock_ns() - started_ns, &err);
		truth_release(&truth);
	}
	free(results);
	free(program);
	return status;
}

const struct command command_selftest = {
	.name = "selftest",
	.summary = "are the verdicts right, on this host?",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct selftest_settings),
	.run = main_selftest,
};
