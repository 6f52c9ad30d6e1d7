/*
 * oomrig shrink: the smallest load that still crashes a scenario's server.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/units.h"
#include "campaign/shrink.h"
#include "cmd_campaign.h"

struct shrink_settings {
	struct campaign_settings campaign;
	uint64_t confirm, budget;
	const char *precision;
};

#define FIELD(name) offsetof(struct shrink_settings, name)

static const struct option_row rows[] = {
	{ "confirm", 'c', OPTION_COUNT, FIELD(confirm), "RUNS", "2", 1, 100, NULL,
	  "a load counts as crashing when that many runs of it all crash" },
	{ "budget", 'b', OPTION_COUNT, FIELD(budget), "RUNS", "100", 2, 100000, NULL, "end after that many runs" },
	{ "precision", 'p', OPTION_STRING, FIELD(precision), "SHARE", "10%", 0, 0, NULL,
	  "how well sizes and durations are to be known, 1% to 100%" },
	CAMPAIGN_MEMORY_ROW(FIELD(campaign)),
	CAMPAIGN_ROWS(FIELD(campaign)),
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
};

/* One line for a shell: what was typed, and the smaller figures. */
static void add_line(struct buf *b, const struct shrink_result *r, const struct scenario *s,
		     const struct campaign_settings *settings, char *const *command)
{
	buf_addf(b, "oomrig run %s", cmd_shown_path(s->path));
	if (settings->memory != NULL)
		buf_addf(b, " --memory %s", settings->memory);
	for (size_t i = 0; i < settings->set.count; i++)
		buf_addf(b, " --set '%s'", settings->set.items[i]);
	shrink_settings(b, r);
	for (size_t i = 0; command != NULL && command[i] != NULL; i++)
		buf_addf(b, "%s '%s'", i == 0 ? " --" : "", command[i]);
}

static int print(const struct shrink_result *r, const char *line, bool json, struct error *err)
{
	char before[UNITS_TEXT_MAX], after[UNITS_TEXT_MAX];
	if (json) {
		json_t *steps = json_array();
		for (size_t i = 0; i < r->count; i++)
			json_array_append_new(steps, json_pack("{s:s, s:I, s:I}", "key", r->steps[i].key, "before",
							       (json_int_t)r->steps[i].before, "after",
							       (json_int_t)r->steps[i].after));
		return campaign_print_json(json_pack("{s:i, s:{s:o, s:b, s:I, s:s}}", "schema", 1, "shrink", "steps",
						     steps, "complete", r->complete, "runs", (json_int_t)r->runs,
						     "command", line),
					   err);
	}
	printf("\n");
	for (size_t i = 0; i < r->count; i++)
		printf("  %-28s %14s -> %s\n", r->steps[i].key, r->steps[i].format(r->steps[i].before, before),
		       r->steps[i].format(r->steps[i].after, after));
	printf("%s%s after %zu runs:\n\n  %s\n", r->count > 0 ? "\n" : "",
	       r->complete ? "The smallest load that still crashes it" : "The budget is used; the smallest load so far",
	       r->runs, line);
	return 0;
}

static int shrink(struct campaign_kit *kit, const struct shrink_settings *settings, double precision,
		  char *const *command, struct error *err)
{
	struct shrink_options options = { settings->confirm, settings->budget, precision };
	struct shrink_result result = { 0 };
	struct buf line = BUF_INIT;
	int rc = shrink_run(&kit->campaign, &kit->scenario, &options, &result, err);
	int status = rc != 0 ? cmd_fail(err) : result.complete ? STATUS_OK : STATUS_INCONCLUSIVE;
	if (rc == 0) {
		add_line(&line, &result, &kit->scenario, &settings->campaign, command);
		if (print(&result, buf_str(&line), settings->campaign.json, err) != 0)
			status = cmd_fail(err);
	}
	buf_release(&line);
	shrink_result_release(&result);
	return status;
}

int cmd_shrink(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct shrink_settings settings = { 0 };
	struct options_result words;
	struct campaign_kit kit;
	double precision;
	int status;
	char **typed = cmd_typed(argc, argv);
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status)) {
		free(typed);
		return status;
	}
	if (words.operand_count != 1)
		error_set(&err, ERROR_USAGE, "one scenario is needed, %zu given", words.operand_count);
	else if (units_parse_share(settings.precision, &precision, &err) == 0 && precision < 0.01)
		error_set(&err, ERROR_USAGE, "--precision: '%s' is not between 1%% and 100%%", settings.precision);
	if (err.code != ERROR_NONE ||
	    campaign_open(&kit, &settings.campaign, words.operands[0], words.rest, typed, &err) != 0) {
		status = cmd_fail(&err);
	} else {
		status = shrink(&kit, &settings, precision, words.rest, &err);
		campaign_close(&kit);
	}
	options_release(rows, &settings);
	free(typed);
	return status;
}
