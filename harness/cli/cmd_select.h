/*
 * cmd_select - what the subcommands share that read stored runs: the words for runs, the options that narrow them,
 * and how both turn into lists.
 *
 * Life cycle: embed a struct select_settings, put SELECT_ROWS into the table of options; cmd_select_filter(), then
 * record/select.h.  Main thread.
 */
#ifndef OOMRIG_CMD_SELECT_H
#define OOMRIG_CMD_SELECT_H

#include "cli/cmd.h"
#include "record/select.h"

struct select_settings {
	const char *scenario, *since;
	uint64_t limit;
};

#define SELECT_FIELD(base, name) ((base) + offsetof(struct select_settings, name))

/* base: offset of the struct select_settings in the subcommand's own. */
/* clang-format off */
#define SELECT_ROWS(base)                                                                                             \
	{ "scenario", 0, OPTION_STRING, SELECT_FIELD(base, scenario), "NAME", NULL, 0, 0, NULL,                       \
	  "only runs of that scenario" },                                                                             \
	{ "since", 0, OPTION_STRING, SELECT_FIELD(base, since), "TIME", NULL, 0, 0, NULL,                             \
	  "only runs since then: 2026-11-30, 2026-11-30T12:00 (UTC),\nor an age: 12h, 7d, 2w" },                      \
	{ "limit", 0, OPTION_COUNT, SELECT_FIELD(base, limit), "N", NULL, 1, 1000000, NULL,                           \
	  "only the newest N of each RUNS" }

/* For the manuals: the same words everywhere. */
#define SELECT_WORDS                                                                                                  \
	"RUNS is \"last\", an id or a part of one, the start of several ids (20261121), a\n"                          \
	"label, a branch, a commit (seven digits or more), a scenario or a folder.  A\n"                              \
	"word that is two of these is not guessed at: label:NAME, branch:NAME,\n"                                     \
	"commit:HASH and scenario:NAME say which."
/* clang-format on */

int cmd_select_filter(const struct select_settings *settings, struct select_filter *out, struct error *err);

/* Adds what the words mean, all that is stored where there are none. */
int cmd_select(struct run_list *list, const char *results, const struct options_result *words,
	       const struct select_settings *settings, struct error *err);

#endif
