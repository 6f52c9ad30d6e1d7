/*
 * oomrig clean: what a killed rig left.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/text.h"
#include "campaign/leftovers.h"
#include "cli/cmd.h"
#include "report/json.h"

struct clean_settings {
	const char *results, *work;
	bool dry_run, json;
};

static const struct option_row rows[] = {
	{ "dry-run", 0, OPTION_FLAG, offsetof(struct clean_settings, dry_run), NULL, NULL, 0, 0, NULL,
	  "only say what would be done" },
	{ "results", 'r', OPTION_PATH, offsetof(struct clean_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where the runs are stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "work", 'w', OPTION_PATH, offsetof(struct clean_settings, work), "DIR", NULL, 0, 0, NULL,
	  "where runs were told to keep the server's data;\nwithout it .work in the results" },
	{ "json", 'j', OPTION_FLAG, offsetof(struct clean_settings, json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig clean [options]",
	.about = "Takes away what a rig left that was killed before it could clean up: servers\n"
		 "that still run, their groups, their data and temporary folders, worktrees of\n"
		 "commits, half-written records.  Its runs are marked as interrupted; what they\n"
		 "recorded stays.  Runs of a rig that lives are not touched.",
	.examples = "  oomrig clean --dry-run           what is there\n"
		    "  oomrig clean                     take it away",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

struct cleaning {
	bool dry_run;
	size_t done;  /* things taken away, or that would be */
	json_t *list; /* of them, for --json; else NULL */
	int status;
};

static void on_done(void *arg, enum leftover_deed deed, const char *what)
{
	static const char *const names[LEFTOVER_DEEDS] = {
		[LEFTOVER_REMOVED] = "removed",
		[LEFTOVER_KILLED] = "killed",
		[LEFTOVER_MARKED] = "marked-interrupted",
	};
	static const char *const words[LEFTOVER_DEEDS][2] = {
		[LEFTOVER_REMOVED] = { "removed", "would remove" },
		[LEFTOVER_KILLED] = { "killed", "would kill" },
		[LEFTOVER_MARKED] = { "marked as interrupted: run", "would mark as interrupted: run" },
	};
	struct cleaning *c = arg;
	c->done++;
	if (c->list != NULL)
		json_array_append_new(c->list, json_pack("{s:s, s:o}", "deed", names[deed], "what", text_json(what)));
	else
		text_line(stdout, "%s %s", words[deed][c->dry_run], fs_shown_path(what));
}

static void on_failed(void *arg, const struct error *err)
{
	struct cleaning *c = arg;
	c->status = cmd_fail(err);
}

static int main_clean(const struct cmd_call *call)
{
	const struct clean_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	if (call->words.operand_count > 0) {
		error_set(&err, ERROR_USAGE, "clean takes no '%s'; --results DIR names a folder of runs",
			  call->words.operands[0]);
		return cmd_fail(&err);
	}
	char *results = cmd_results_folder(settings->results);
	/* A link that the user names is the user's; one in the place of .work may be a server's. */
	char *named = settings->work != NULL ? realpath(settings->work, NULL) : NULL;
	char *work = named != NULL ? named : cmd_work_folder(settings->work, results);
	struct cleaning c = { .dry_run = settings->dry_run,
			      .list = settings->json ? json_array() : NULL,
			      .status = STATUS_OK };
	const struct leftovers leftovers = { .results = results,
					     .work = work,
					     .dry_run = settings->dry_run,
					     .done = on_done,
					     .failed = on_failed,
					     .arg = &c };
	leftovers_clean(&leftovers);
	if (c.list != NULL) {
		json_t *all = json_pack("{s:b, s:o}", "dry_run", c.dry_run, "done", c.list);
		if (report_document(stdout, all, &err) != 0)
			c.status = cmd_fail(&err);
	} else if (c.done == 0 && c.status == STATUS_OK)
		printf("nothing was left behind\n");
	free(work);
	free(results);
	return c.status;
}

const struct command command_clean = {
	.name = "clean",
	.summary = "take away what a killed rig left behind",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct clean_settings),
	.run = main_clean,
};
