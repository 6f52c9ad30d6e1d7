/*
 * cmd_campaign - what the subcommands share that make runs: their options, and how these turn into a scenario and a
 * campaign.
 *
 * Life cycle: embed a struct campaign_settings, put CAMPAIGN_ROWS into the table of
 * options; campaign_open() or campaign_open_scenario(), use, campaign_close().  Main
 * thread.
 */
#ifndef OOMRIG_CMD_CAMPAIGN_H
#define OOMRIG_CMD_CAMPAIGN_H

#include "campaign/trial.h"
#include "cli/cmd.h"

struct campaign_settings {
	const char *memory, *label, *note, *results, *work;
	struct option_list set;
	bool quiet, json;
};

#define CAMPAIGN_FIELD(base, name) ((base) + offsetof(struct campaign_settings, name))

/* base: offset of the struct campaign_settings in the subcommand's own. */
/* clang-format off */
#define CAMPAIGN_ROWS(base)                                                                                           \
	{ "set", 's', OPTION_LIST, CAMPAIGN_FIELD(base, set), "KEY=VALUE", NULL, 0, 0, NULL,                          \
	  "override a key of the scenario, as for oomrig run" },                                                      \
	{ "label", 'l', OPTION_STRING, CAMPAIGN_FIELD(base, label), "NAME", NULL, 0, 0, NULL,                         \
	  "recorded with each run, to find them by" },                                                                \
	{ "note", 0, OPTION_STRING, CAMPAIGN_FIELD(base, note), "TEXT", NULL, 0, 0, NULL,                             \
	  "what is tried here, in words; recorded with each run" },                                                   \
	{ "results", 'r', OPTION_PATH, CAMPAIGN_FIELD(base, results), "DIR", NULL, 0, 0, NULL,                        \
	  "where the run folders go [$OOMRIG_RESULTS, or ./results]" },                                                 \
	{ "work", 'w', OPTION_PATH, CAMPAIGN_FIELD(base, work), "DIR", NULL, 0, 0, NULL,                              \
	  "where the server keeps its data meanwhile" },                                                              \
	{ "json", 'j', OPTION_FLAG, CAMPAIGN_FIELD(base, json), NULL, NULL, 0, 0, NULL,                               \
	  "print the result as JSON on standard output, and nothing else" },                                          \
	{ "quiet", 'q', OPTION_FLAG, CAMPAIGN_FIELD(base, quiet), NULL, NULL, 0, 0, NULL,                             \
	  "no progress display" }

/* For those that do not choose the cap themselves. */
#define CAMPAIGN_MEMORY_ROW(base)                                                                                     \
	{ "memory", 'm', OPTION_STRING, CAMPAIGN_FIELD(base, memory), "SIZE", NULL, 0, 0, NULL,                       \
	  "memory cap instead of the scenario's" }
/* clang-format on */

struct campaign_kit {
	struct scenario scenario; /* of those that run one */
	struct campaign campaign;
	char *results;
};

/*
 * Prepares a campaign with the local executor; typed: the command line, for the records.
 * -1: nothing to close.
 */
int campaign_open(struct campaign_kit *kit, const struct campaign_settings *settings, char *const *typed,
		  struct error *err);

/* The same with its one scenario; command: the words after "--". */
int campaign_open_scenario(struct campaign_kit *kit, const struct campaign_settings *settings, const char *path,
			   char *const *command, char *const *typed, struct error *err);
void campaign_close(struct campaign_kit *kit);

/* Of those that take one scenario and look for a figure of it: the first member of their settings. */
struct search_settings {
	struct campaign_settings campaign;
	const char *precision;
	uint64_t budget;
};

struct search_command {
	double precision_min, precision_max; /* shares */
	/* Returns the exit status. */
	int (*search)(struct campaign_kit *kit, const struct cmd_call *call, double precision, struct error *err);
};
int search_main(const struct search_command *c, const struct cmd_call *call);

#endif
