/*
 * oomrig gc: disk space back from old runs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/ending.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "record/gc.h"
#include "report/json.h"

struct gc_settings {
	const char *results, *keep;
	struct option_list keep_labels;
	bool dry_run, json;
};

#define FIELD(name) offsetof(struct gc_settings, name)

static const struct option_row rows[] = {
	{ "keep", 0, OPTION_STRING, FIELD(keep), "SIZE", NULL, 0, 0, NULL,
	  "what all runs together may take on disk (20GiB); 0\ntakes what can be taken of every run" },
	{ "keep-label", 0, OPTION_LIST, FIELD(keep_labels), "NAME", NULL, 0, 0, NULL,
	  "do not touch the runs with that label; may be given\nseveral times" },
	{ "dry-run", 0, OPTION_FLAG, FIELD(dry_run), NULL, NULL, 0, 0, NULL, "only say what would be taken" },
	{ "results", 'r', OPTION_PATH, FIELD(results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "json", 'j', OPTION_FLAG, FIELD(json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig gc --keep SIZE [options]",
	.about = "Frees disk space in the results: takes samples, requests, the server's figures\n"
		 "and its log of the oldest runs first, until all runs together take no more than\n"
		 "SIZE.  Verdict, facts and evidence of every run stay, so that judge, compare,\n"
		 "log and show still work; a run that lost its samples says so and when.  Runs\n"
		 "under way, runs whose record cannot be read, and what the rig did not write\n"
		 "itself are not touched.",
	.examples = "  oomrig gc --keep 20GiB --dry-run  what would go\n"
		    "  oomrig gc --keep 20GiB --keep-label release-1\n"
		    "  oomrig gc --keep 0                only the records stay",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_INTERRUPTED, STATUS_END },
	.meanings = { [STATUS_OK] = "done, even if what must stay is more than SIZE",
		      [STATUS_USAGE] = "wrong usage, or a record cannot be read: that run is left alone" },
};

struct collecting {
	bool dry_run;
	json_t *taken; /* for --json; else NULL */
	int status;
};

static void on_took(void *arg, const char *id, uint64_t freed_bytes)
{
	struct collecting *c = arg;
	char size[UNITS_TEXT_MAX];
	if (c->taken != NULL)
		json_array_append_new(
			c->taken, json_pack("{s:o, s:I}", "id", text_json(id), "freed_bytes", (json_int_t)freed_bytes));
	else
		text_line(stdout, "%s %s of %s", c->dry_run ? "would take" : "took",
			  units_format_size(freed_bytes, size), id);
}

static void on_failed(void *arg, const struct error *err)
{
	struct collecting *c = arg;
	c->status = cmd_fail(err);
}

static bool on_stop(void *arg)
{
	(void)arg;
	return ending_asked();
}

static void nothing(void *arg)
{
	(void)arg;
}

static void say_end(const struct gc *g, const struct gc_result *r)
{
	char freed[UNITS_TEXT_MAX], left[UNITS_TEXT_MAX];
	uint64_t left_bytes = r->before_bytes - r->freed_bytes;
	printf("%s %s of %zu runs; %zu runs take %s%s\n", g->dry_run ? "would free" : "freed",
	       units_format_size(r->freed_bytes, freed), r->taken, r->runs, units_format_size(left_bytes, left),
	       g->dry_run ? " then" : "");
	if (left_bytes > g->keep_bytes && !ending_asked())
		puts("That is more than was to be kept: records, and runs that are not touched.");
}

static int print_json(const struct gc *g, const struct gc_result *r, json_t *taken, struct error *err)
{
	return report_document(stdout,
			       json_pack("{s:i, s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "schema", REPORT_JSON_SCHEMA,
					 "dry_run", g->dry_run, "keep_bytes", (json_int_t)g->keep_bytes, "before_bytes",
					 (json_int_t)r->before_bytes, "freed_bytes", (json_int_t)r->freed_bytes,
					 "left_bytes", (json_int_t)(r->before_bytes - r->freed_bytes), "runs",
					 (json_int_t)r->runs, "taken", taken),
			       err);
}

static int collect(const struct gc_settings *settings, const struct gc *g, struct collecting *c)
{
	struct ending_party party = { .asked = nothing };
	struct error err = ERROR_INIT;
	struct gc_result result;
	ending_join(&party); /* a signal is looked for between two runs: none is left half-way */
	int rc = gc_run(g, &result, &err);
	ending_leave(&party);
	if (rc == 0 && settings->json)
		rc = print_json(g, &result, json_incref(c->taken), &err);
	else if (rc == 0)
		say_end(g, &result);
	if (rc != 0)
		c->status = cmd_fail(&err);
	return ending_asked() ? STATUS_INTERRUPTED : c->status;
}

static int read_keep(const struct cmd_call *call, const char *keep, uint64_t *bytes, struct error *err)
{
	if (call->words.operand_count > 0)
		return error_set(err, ERROR_USAGE, "gc takes no '%s'; --results DIR names a folder of runs",
				 call->words.operands[0]);
	if (keep == NULL)
		return error_set(err, ERROR_USAGE, "how much is to be kept? --keep 20GiB; --keep 0 keeps the records");
	if (units_parse_size(keep, bytes, err) == 0)
		return 0;
	err->code = ERROR_USAGE;
	return error_prefix(err, "--keep");
}

static int main_gc(const struct cmd_call *call)
{
	const struct gc_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	uint64_t keep_bytes;
	if (read_keep(call, settings->keep, &keep_bytes, &err) != 0)
		return cmd_fail(&err);
	char *results = cmd_results_folder(settings->results);
	struct collecting c = { .dry_run = settings->dry_run,
				.taken = settings->json ? json_array() : NULL,
				.status = STATUS_OK };
	const struct gc g = { .results = results,
			      .keep_bytes = keep_bytes,
			      .dry_run = settings->dry_run,
			      .keep_labels = settings->keep_labels.items,
			      .keep_label_count = settings->keep_labels.count,
			      .took = on_took,
			      .failed = on_failed,
			      .stop = on_stop,
			      .arg = &c };
	int status = collect(settings, &g, &c);
	json_decref(c.taken);
	free(results);
	return status;
}

const struct command command_gc = {
	.name = "gc",
	.summary = "free disk space: samples of the oldest runs",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct gc_settings),
	.run = main_gc,
};
