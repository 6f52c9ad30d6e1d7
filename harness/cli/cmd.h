/*
 * cmd - what the subcommands share.  Each cmd_NAME.c is thin: a table of options, a
 * manual, a call of a room beneath, an exit status.  Errors are printed here and
 * nowhere below.
 *
 * A new subcommand is one file and one row of the table in commands.c.  Main thread.
 */
#ifndef OOMRIG_CMD_H
#define OOMRIG_CMD_H

#include <stddef.h>

#include "base/error.h"
#include "base/options.h"
#include "record/run_list.h"

enum exit_status {
	STATUS_OK = 0,
	STATUS_VERDICT = 1, /* a verdict or a regression gate failed */
	STATUS_USAGE = 2,
	STATUS_RIG = 3, /* the rig or its environment failed */
	STATUS_SKIPPED = 4,
	STATUS_INCONCLUSIVE = 5,
	STATUS_INTERRUPTED = 130,
	STATUS_END = -1, /* ends a list of them */
};

struct manual {
	const char *usage;			       /* "oomrig show [RUN…] [options]" */
	const char *about;			       /* what it is for, lines of at most 80 columns */
	const char *examples;			       /* two or three command lines with a word each */
	enum exit_status statuses[8];		       /* those it can end with, STATUS_END last */
	const char *meanings[STATUS_INCONCLUSIVE + 1]; /* by status: what it says here; NULL: what it says everywhere */
};

/* A command line that was read. */
struct cmd_call {
	const void *settings; /* as the command's rows describe them */
	struct options_result words;
	char *const *typed; /* for the record: parsing reorders argv; NULL-terminated */
};

struct command {
	const char *name, *summary;
	const struct manual *manual;
	const struct option_row *rows;
	size_t settings_bytes; /* of the struct that the rows fill; zeroed before */
	int (*run)(const struct cmd_call *call);
	/* What to end with instead of a status, that of a wrong command line included; NULL: the status itself. */
	int (*end)(const struct cmd_call *call, int status);
};

/* Defaults, parsing, --help or the command itself; returns the exit status. */
int cmd_main(const struct command *c, int argc, char **argv);

/* What a status says of that command; borrowed. */
const char *cmd_meaning(const struct manual *m, enum exit_status status);

/* Prints the error and returns the exit status that belongs to its code. */
int cmd_fail(const struct error *err);

/* What a command ends with that has done its work for all runs that can be read: 2 if there are others. */
enum exit_status cmd_damaged(const struct run_list *runs);

/* The records are JSON: a word that is not UTF-8 cannot be kept, and is refused before anything is made. */
int cmd_check_words(int argc, char **argv, struct error *err);

/* The option's value, else that of OOMRIG_RESULTS, else "results" in the working folder; heap. */
char *cmd_results_folder(const char *option);

/* Where data and worktrees lie meanwhile: the option's value, or ".work" in the results folder; heap. */
char *cmd_work_folder(const char *option, const char *results);

/* Each in its cmd_NAME.c; NULL ends the table of them, in commands.c. */
extern const struct command *const commands[];

#endif
