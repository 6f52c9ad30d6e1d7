/*
 * oomrig shrink: the smallest load that still crashes a scenario's server.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/units.h"
#include "campaign/shrink.h"
#include "cli/cmd_campaign.h"

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
	{ "precision", 'p', OPTION_STRING, FIELD(search.precision), "SHARE", "10%", 0, 0, NULL,
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
	.meanings = { [STATUS_OK] = "nothing gives way any more",
		      [STATUS_USAGE] = "wrong usage, or a scenario that does not crash its server every time",
		      [STATUS_INCONCLUSIVE] = "the budget was used before that" },
};

/* One line for a shell: what was typed, and the smaller figures. */
static void add_line(struct buf *b, const struct shrink_result *r, const struct scenario *s,
		     const struct campaign_settings *settings, char *const *command)
{
	buf_addf(b, "oomrig run %s", cmd_shown_path(s->path));
	if (settings->isolation != NULL)
		buf_addf(b, " --isolation %s", settings->isolation);
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
			json_array_append_new(steps, json_pack("{s:o, s:I, s:I}", "key", text_json(r->steps[i].key),
							       "before", (json_int_t)r->steps[i].before, "after",
							       (json_int_t)r->steps[i].after));
		return campaign_print_json(json_pack("{s:i, s:{s:o, s:b, s:I, s:o}}", "schema", 1, "shrink", "steps",
						     steps, "complete", r->complete, "runs", (json_int_t)r->runs,
						     "command", text_json(line)),
					   err);
	}
	printf("\n");
	for (size_t i = 0; i < r->count; i++)
		text_line(stdout, "  %-28s %14s -> %s", r->steps[i].key, r->steps[i].format(r->steps[i].before, before),
			  r->steps[i].format(r->steps[i].after, after));
	printf("%s%s after %zu runs:\n\n", r->count > 0 ? "\n" : "",
	       r->complete ? "The smallest load that still crashes it"
			   : "The search did not come to its end; the smallest load so far",
	       r->runs);
	text_line(stdout, "  %s", line);
	return 0;
}

static int shrink(struct campaign_kit *kit, const struct search_settings *settings, double precision,
		  char *const *command, struct error *err)
{
	uint64_t confirm = ((const struct shrink_settings *)settings)->confirm;
	struct shrink_options options = { confirm, settings->budget, precision };
	struct shrink_result result = { 0 };
	struct buf line = BUF_INIT;
	int rc = shrink_run(&kit->campaign, &kit->scenario, &options, &result, err);
	int status = rc != 0 ? cmd_fail(err) : result.complete ? STATUS_OK : STATUS_INCONCLUSIVE;
	struct error print_error = ERROR_INIT;
	/* What has given way already is not lost when the user has seen enough. */
	if (rc == 0 || result.count > 0) {
		add_line(&line, &result, &kit->scenario, &settings->campaign, command);
		if (print(&result, buf_str(&line), settings->campaign.json, &print_error) != 0)
			status = cmd_fail(&print_error);
	}
	buf_release(&line);
	shrink_result_release(&result);
	return status;
}

static int main_shrink(int argc, char **argv)
{
	static const struct search_command command = { &manual, rows, 0.01, 1, shrink };
	struct shrink_settings settings = { 0 };
	return search_main(&command, &settings.search, argc, argv);
}

const struct command command_shrink = { "shrink", "the smallest load that still crashes it", &manual, rows,
					main_shrink };
