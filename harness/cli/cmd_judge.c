/*
 * oomrig judge: stored runs judged again from their facts, by today's rules.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cmd_select.h"
#include "judge/judge.h"
#include "record/rejudge_stored.h"
#include "record/store.h"
#include "report/json.h"
#include "report/rejudged.h"

struct judge_settings {
	struct select_settings select;
	const char *results;
	bool evidence, write, json;
};

#define FIELD(name) offsetof(struct judge_settings, name)

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	SELECT_ROWS(FIELD(select)),
	{ "evidence", 0, OPTION_FLAG, FIELD(evidence), NULL, NULL, 0, 0, NULL,
	  "print today's evidence of every run, not only of those that changed" },
	{ "write", 0, OPTION_FLAG, FIELD(write), NULL, NULL, 0, 0, NULL,
	  "replace the stored verdicts by today's; the facts stay as they are" },
	{ "json", 'j', OPTION_FLAG, FIELD(json), NULL, NULL, 0, 0, NULL,
	  "print old and new verdicts as JSON, and nothing else" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig judge [RUNS...] [options]",
	.about = "Judges stored runs again from the facts they recorded, by the rules of this\n"
		 "version, and shows what changed.  Nothing is run.  Without RUNS it judges all\n"
		 "that is stored.\n\n" SELECT_WORDS,
	.examples = "  oomrig judge                  would any stored verdict be another today?\n"
		    "  oomrig judge last --evidence  today's evidence\n"
		    "  oomrig judge --write          keep today's verdicts",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_END },
	.meanings = { [STATUS_OK] = "every verdict is the same today",
		      [STATUS_VERDICT] = "a verdict is another today" },
};

struct judging {
	const struct judge_settings *settings;
	json_t *runs; /* by id, in their order: as in --json */
	size_t changed;
};

/* A run that is named twice is judged once. */
static int judge_one(struct judging *j, const char *folder, struct error *err)
{
	struct rejudged r;
	if (rejudge_stored(folder, j->settings->write, &r, err) != 0)
		return -1;
	if (json_object_get(j->runs, r.id) == NULL) {
		json_object_set_new(j->runs, r.id, rejudged_json(&r));
		j->changed += r.changed;
		if (!j->settings->json)
			report_rejudged(stdout, &r, j->settings->evidence);
	}
	rejudged_release(&r);
	return 0;
}

static int judge_named(struct judging *j, const char *results, const struct options_result *words, struct error *err)
{
	struct run_list runs = { 0 };
	int rc = cmd_select(&runs, results, words, &j->settings->select, err);
	for (size_t i = 0; rc == 0 && i < runs.count; i++)
		rc = judge_one(j, runs.summaries[i].folder, err);
	if (rc == 0 && runs.damaged_count > 0)
		rc = error_set(err, ERROR_INPUT, "cannot be judged: %s", runs.damaged[0].why);
	run_list_release(&runs);
	return rc;
}

/* A run that cannot be judged does not keep the others from it. */
static int judge_all(struct judging *j, const char *results, struct error *err)
{
	struct select_filter filter;
	char **ids;
	size_t count;
	int rc = 0;
	if (cmd_select_filter(&j->settings->select, &filter, err) != 0 ||
	    select_ids(results, &filter, &ids, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct error one = ERROR_INIT;
		char *folder = xasprintf("%s/%s", results, ids[i]);
		if (judge_one(j, folder, &one) != 0) {
			*err = one;
			rc = -1;
			if (j->settings->json)
				log_warning("cannot be judged: %s", one.message);
			else
				text_line(stdout, "%-24s %s", "cannot be judged", one.message);
		}
		free(folder);
	}
	store_free_list(ids, count);
	return rc;
}

static int print_all(const struct judging *j, struct error *err)
{
	json_t *array = json_array(), *run;
	const char *id;
	json_object_foreach (j->runs, id, run)
		json_array_append(array, run);
	if (j->settings->json)
		return report_document(stdout,
				       json_pack("{s:i, s:i, s:o}", "schema", STORE_SCHEMA, "judge_version",
						 JUDGE_VERSION, "runs", array),
				       err);
	printf("%zu judged, %zu changed%s\n", json_array_size(array), j->changed,
	       j->changed > 0 && j->settings->write ? " and written" : "");
	json_decref(array);
	return 0;
}

static int main_judge(const struct cmd_call *call)
{
	const struct judge_settings *settings = call->settings;
	struct error err = ERROR_INIT, print_error = ERROR_INIT;
	char *results = cmd_results_folder(settings->results);
	struct judging judging = { .settings = settings, .runs = json_object() };
	int rc = call->words.operand_count > 0 ? judge_named(&judging, results, &call->words, &err)
					       : judge_all(&judging, results, &err);
	int status = judging.changed > 0 ? STATUS_VERDICT : STATUS_OK;
	if (print_all(&judging, &print_error) != 0)
		status = cmd_fail(&print_error);
	if (rc != 0)
		status = cmd_fail(&err);
	json_decref(judging.runs);
	free(results);
	return status;
}

const struct command command_judge = {
	.name = "judge",
	.summary = "judge stored runs again by today's rules",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct judge_settings),
	.run = main_judge,
};
