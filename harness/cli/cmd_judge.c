/*
 * oomrig judge: stored runs judged again from their facts, by today's rules.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "report/page.h"
#include "record/rejudge.h"
#include "record/store.h"
#include "record/verdict_json.h"

struct judge_settings {
	const char *results;
	bool evidence, write, json;
};

#define FIELD(name) offsetof(struct judge_settings, name)

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "evidence", 'e', OPTION_FLAG, FIELD(evidence), NULL, NULL, 0, 0, NULL,
	  "print today's evidence of every run, not only of those that changed" },
	{ "write", 'w', OPTION_FLAG, FIELD(write), NULL, NULL, 0, 0, NULL,
	  "replace the stored verdicts by today's; the facts stay as they are" },
	{ "json", 'j', OPTION_FLAG, FIELD(json), NULL, NULL, 0, 0, NULL,
	  "print old and new verdicts as JSON, and nothing else" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig judge [RUN...] [options]",
	.about = "Judges stored runs again from the facts they recorded, by the rules of this\n"
		 "version, and shows what changed.  Nothing is run.  A RUN is an id, any part of\n"
		 "one that is unique, a folder, or \"last\"; without one, all that is stored.",
	.examples = "  oomrig judge                  would any stored verdict be another today?\n"
		    "  oomrig judge last --evidence  today's evidence\n"
		    "  oomrig judge --write          keep today's verdicts",
	.statuses = { STATUS_OK, STATUS_VERDICT, STATUS_USAGE, STATUS_RIG, STATUS_END },
	.meanings = { [STATUS_OK] = "every verdict is the same today",
		      [STATUS_VERDICT] = "a verdict is another today" },
};

struct judging {
	const struct judge_settings *settings;
	json_t *runs; /* for --json */
	size_t count, changed;
};

static char *name_of(const json_t *verdict)
{
	const char *outcome = json_string_value(json_object_get(verdict, "outcome"));
	const char *cause = json_string_value(json_object_get(verdict, "cause"));

	return xasprintf("%s%s%s", outcome ? outcome : "no verdict", cause && cause[0] ? "/" : "", cause ? cause : "");
}

static void print_change(const struct judging *j, const char *id, const json_t *old, const json_t *fresh)
{
	char *was = name_of(old), *is = name_of(fresh);
	bool changed = strcmp(was, is) != 0;
	const json_t *line;
	size_t i;
	struct page p;

	page_init(&p, stdout);
	char *both = xasprintf("%-24s %s %-24s", was, changed ? "->" : "  ", changed ? is : "unchanged");
	page_ink(&p, INK_PLAIN, "%s", both);
	page_id(&p, text_columns(both), id);
	if (changed || j->settings->evidence)
		json_array_foreach (json_object_get(fresh, "evidence"), i, line)
			page_wrap(&p, INK_PLAIN, "    ", json_string_value(line));
	page_write(&p, stdout);
	page_release(&p);
	free(both);
	free(was);
	free(is);
}

static bool same_verdict(const json_t *old, const json_t *fresh)
{
	char *was = name_of(old), *is = name_of(fresh);
	bool same = strcmp(was, is) == 0;

	free(was);
	free(is);
	return same;
}

static int judge_one(struct judging *j, const char *folder, struct error *err)
{
	struct expectation expectation;
	struct verdict verdict;
	struct facts facts;
	json_t *record = store_read(folder, err);

	if (record == NULL || rejudge(record, &facts, &verdict, err) != 0) {
		json_decref(record);
		return -1;
	}
	rejudge_expectation(record, &expectation);
	const char *given = json_string_value(json_object_get(record, "id")), *id = given != NULL ? given : folder;
	json_t *old = json_incref(json_object_get(record, "verdict"));
	json_t *fresh = verdict_to_json(&verdict, &facts, &expectation);
	int rc = 0;
	j->count++;
	j->changed += !same_verdict(old, fresh);
	if (j->settings->json)
		json_array_append_new(j->runs, json_pack("{s:s, s:O?, s:O, s:b}", "id", id, "stored", old, "today",
							 fresh, "changed", !same_verdict(old, fresh)));
	else
		print_change(j, id, old, fresh);
	if (j->settings->write) {
		json_object_set(record, "verdict", fresh);
		rc = store_rewrite(folder, record, err);
	}
	json_decref(old);
	json_decref(fresh);
	verdict_release(&verdict);
	rejudge_expectation_release(&expectation);
	json_decref(record);
	return rc;
}

static int judge_named(struct judging *j, const char *results, const struct options_result *words, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < words->operand_count; i++) {
		char *folder = store_find(results, words->operands[i], err);
		rc = folder != NULL ? judge_one(j, folder, err) : -1;
		free(folder);
	}
	return rc;
}

/* A run that cannot be judged does not keep the others from it. */
static int judge_all(struct judging *j, const char *results, struct error *err)
{
	char **ids;
	size_t count;
	int rc = 0;

	if (store_list(results, &ids, &count, err) != 0)
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

static int main_judge(int argc, char **argv)
{
	struct judge_settings settings = { 0 };
	struct options_result words;
	struct error err = ERROR_INIT;
	int status;

	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	char *results = cmd_results_folder(settings.results);
	struct judging judging = { .settings = &settings, .runs = json_array() };
	int rc = words.operand_count > 0 ? judge_named(&judging, results, &words, &err)
					 : judge_all(&judging, results, &err);
	if (settings.json) {
		json_t *all = json_pack("{s:i, s:i, s:O}", "schema", STORE_SCHEMA, "judge_version", JUDGE_VERSION,
					"runs", judging.runs);
		text_json_print(all, JSON_INDENT(2), stdout);
		json_decref(all);
	} else {
		printf("%zu judged, %zu changed%s\n", judging.count, judging.changed,
		       judging.changed > 0 && settings.write ? " and written" : "");
	}
	json_decref(judging.runs);
	free(results);
	if (rc != 0)
		return cmd_fail(&err);
	return judging.changed > 0 ? STATUS_VERDICT : STATUS_OK;
}

const struct command command_judge = { "judge", "judge stored runs again by today's rules", &manual, rows, main_judge };
