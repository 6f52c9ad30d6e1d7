/*
 * oomrig run: runs scenarios, prints what came out.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/home.h"
#include "base/log.h"
#include "base/options.h"
#include "base/units.h"
#include "campaign/executor.h"
#include "campaign/interrupt.h"
#include "cli/cmd.h"
#include "cli/setup.h"
#include "judge/judge.h"
#include "report/report.h"
#include "scenario/folder.h"
#include "scenario/scenario.h"

struct run_settings {
	const char *isolation, *memory;
	uint64_t runs;
	struct option_list set, expect;
	const char *label, *note, *results, *work;
	bool json, quiet, keep_data, verbose, bisect_exit;
};

#define FIELD(name) offsetof(struct run_settings, name)

static const struct option_row rows[] = {
	{ "isolation", 'i', OPTION_STRING, FIELD(isolation), "NAME", NULL, 0, 0, NULL,
	  "where the server runs instead of what the scenario says: auto,\ncgroup-v2, cgroup-v1, machine, none" },
	{ "memory", 'm', OPTION_STRING, FIELD(memory), "SIZE", NULL, 0, 0, NULL,
	  "memory cap instead of the scenario's, e.g. 256MiB; 'none' for no cap" },
	{ "runs", 'n', OPTION_COUNT, FIELD(runs), "N", NULL, 1, 10000, NULL,
	  "run each scenario N times: a crash can be a coin flip" },
	{ "set", 's', OPTION_LIST, FIELD(set), "KEY=VALUE", NULL, 0, 0, NULL,
	  "override a key of the scenario, e.g. load.tabs.size=269MB or\nserver.preset=all-fixes; "
	  "'oomrig list --keys' names them" },
	{ "expect", 'e', OPTION_LIST, FIELD(expect), "VERDICT", NULL, 0, 0, NULL,
	  "what is expected instead of what the scenario says, e.g.\ncrashed/oom-kill; several: any of them" },
	{ "label", 'l', OPTION_STRING, FIELD(label), "NAME", NULL, 0, 0, NULL, "recorded with the run, to find it by" },
	{ "note", 0, OPTION_STRING, FIELD(note), "TEXT", NULL, 0, 0, NULL,
	  "what is tried here, in words; oomrig log tells it" },
	{ "results", 0, OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the run folders go [$OOMRIG_RESULTS, or ./results]" },
	{ "work", 0, OPTION_PATH, FIELD(work), "DIR", NULL, 0, 0, NULL,
	  "where the server keeps its data meanwhile; a real disk\n[a folder below the results]" },
	{ "keep-data", 0, OPTION_FLAG, FIELD(keep_data), NULL, NULL, 0, 0, NULL,
	  "leave the server's data folder for a look" },
	{ "json", 'j', OPTION_FLAG, FIELD(json), NULL, NULL, 0, 0, NULL,
	  "print the results as JSON on standard output, and nothing else" },
	{ "bisect-exit", 0, OPTION_FLAG, FIELD(bisect_exit), NULL, NULL, 0, 0, NULL,
	  "end as git bisect run wants it: 0 all as expected, 1 not, 125 nothing\nproved, 128 wrong usage" },
	{ "quiet", 'q', OPTION_FLAG, FIELD(quiet), NULL, NULL, 0, 0, NULL, "no progress display" },
	{ "verbose", 'v', OPTION_FLAG, FIELD(verbose), NULL, NULL, 0, 0, NULL, "say more about what the rig does" },
	{ NULL, 0, OPTION_FLAG, 0, NULL, NULL, 0, 0, NULL, NULL },
};

static const struct manual manual = {
	.usage = "oomrig run SCENARIO... [options] [-- COMMAND...]",
	.about = "Starts the scenario's server inside a memory cap, puts the load on it and judges\n"
		 "from the evidence whether it crashed or only grew.  Each run leaves a folder\n"
		 "with the record.  A folder stands for the scenarios below it.  COMMAND replaces\n"
		 "the server's command; {port}, {data} and {tmp} in it are filled in.",
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

static int load_scenario(struct scenario *s, const char *name, const struct run_settings *settings,
			 char *const *command, struct error *err)
{
	const struct setup setup = { settings->isolation, settings->memory, &settings->set, &settings->expect,
				     command };
	return setup_scenario(s, name, &setup, err);
}

static char *make_title(const struct scenario *s, uint64_t run, uint64_t runs)
{
	char cap[UNITS_TEXT_MAX];
	struct buf title = BUF_INIT;
	buf_adds(&title, s->name);
	if (runs > 1)
		buf_addf(&title, "  run %llu/%llu", (unsigned long long)run, (unsigned long long)runs);
	buf_addf(&title, "  cap %s", s->memory_bytes ? units_format_size(s->memory_bytes, cap) : "none");
	return buf_detach(&title);
}

/* In full, or a line for each of several repeats: the table at the end sums them up. */
static void print_run(const struct run_summary *run, uint64_t number, uint64_t runs)
{
	char note[64];
	if (runs > 1) {
		snprintf(note, sizeof(note), "run %llu/%llu", (unsigned long long)number, (unsigned long long)runs);
		report_line(stdout, run, note);
	} else {
		report_run(stdout, run);
		putchar('\n');
	}
	fflush(stdout);
}

/* One scenario, all its repeats.  *stop is set when the user interrupted, be it after the run had its verdict. */
static int run_repeats(const struct scenario *s, const struct run_settings *settings, struct run_options *options,
		       struct run_list *all, bool *stop, struct error *err)
{
	uint64_t runs = settings->runs ? settings->runs : s->runs;
	for (uint64_t i = 1; i <= runs && !*stop; i++) {
		char *title = make_title(s, i, runs);
		options->title = title;
		int rc = executors[0]->run(s, options, all, err);
		free(title);
		if (rc != 0)
			return -1;
		struct run_summary *last = &all->summaries[all->count - 1];
		last->folder = cmd_shown_path(last->folder);
		*stop = interrupt_check(NULL) != 0;
		if (!settings->json)
			print_run(last, i, runs);
	}
	return 0;
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

static int print_results(const struct run_list *all, const struct run_settings *settings, struct error *err)
{
	if (settings->json)
		return exporter_find("json", err)->write(stdout, all->summaries, all->count, err);
	if (all->count > 1)
		report_side_by_side(stdout, all->summaries, all->count);
	return 0;
}

static int run_all(struct scenario *scenarios, size_t count, const struct run_settings *settings,
		   char *const *command_line, struct error *err)
{
	struct run_list all = { 0 };
	char *results = cmd_results_folder(settings->results);
	struct run_options options = { .results = results,
				       .work = settings->work,
				       .label = settings->label,
				       .note = settings->note,
				       .command_line = (const char *const *)command_line,
				       .quiet = settings->quiet,
				       .keep_data = settings->keep_data };
	struct interrupt *interrupt = NULL;
	int rc = interrupt_open(&interrupt, err);
	bool stop = false;
	for (size_t i = 0; rc == 0 && i < count && !stop; i++)
		rc = run_repeats(&scenarios[i], settings, &options, &all, &stop, err);
	interrupt_close(interrupt);
	int code = rc != 0 ? cmd_fail(err) : exit_code(&all, stop);
	struct error print_error = ERROR_INIT;
	/* What did run is not lost when a later run could not be recorded. */
	if (all.count > 0 && print_results(&all, settings, &print_error) != 0)
		code = cmd_fail(&print_error);
	run_list_release(&all);
	free(results);
	return code;
}

/* A folder's scenarios in place of the folder. */
static int find_paths(const struct options_result *words, struct string_list *paths, struct error *err)
{
	for (size_t i = 0; i < words->operand_count; i++) {
		size_t before = paths->count;
		struct stat st;
		char *path = home_scenario(words->operands[i]);
		int rc = 0;
		if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
			scenario_folder_add(paths, path);
		else
			rc = scenario_folder_find(path, paths, err);
		free(path);
		if (rc != 0)
			return -1;
		if (paths->count == before)
			return error_set(err, ERROR_USAGE, "no scenario in the folder '%s'", words->operands[i]);
	}
	if (paths->count == 0)
		return error_set(err, ERROR_USAGE, "no scenario given; 'oomrig list' names the ones that come with it");
	return 0;
}

/* git-bisect(1): 125 skips the commit, 128 and above stop the search. */
static int bisect_status(int status)
{
	return status == STATUS_RIG || status == STATUS_SKIPPED ? 125 : status == STATUS_USAGE ? 128 : status;
}

static int main_run(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct run_settings settings = { 0 };
	struct options_result words;
	int status;
	char **typed = cmd_typed(argc, argv);
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status)) {
		free(typed);
		return status;
	}
	if (settings.verbose)
		log_set_level(LOG_INFO);
	/* All are read before the first one runs: a typing error in the last must not cost the night. */
	struct string_list paths = { 0 };
	int rc = find_paths(&words, &paths, &err);
	struct scenario *scenarios = xcalloc(paths.count + 1, sizeof(*scenarios));
	size_t loaded = 0;
	while (rc == 0 && loaded < paths.count &&
	       load_scenario(&scenarios[loaded], paths.items[loaded], &settings, words.rest, &err) == 0)
		loaded++;
	if (err.code != ERROR_NONE)
		status = cmd_fail(&err);
	else
		status = run_all(scenarios, loaded, &settings, typed, &err);
	for (size_t i = 0; i < loaded; i++)
		scenario_release(&scenarios[i]);
	free(scenarios);
	scenario_folder_release(&paths);
	options_release(rows, &settings);
	free(typed);
	return settings.bisect_exit ? bisect_status(status) : status;
}

const struct command command_run = { "run", "run scenarios and say what became of the server", &manual, rows,
				     main_run };
