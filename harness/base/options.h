/*
 * options - a command line from one table.
 *
 * A program declares an array of `struct option_row` (ended by a row without a
 * name) that describes fields of its own settings struct.  From that table
 * come the defaults, the parsing, the range checks, --help, and the man page.
 *
 * Life cycle: options_defaults(settings), options_parse(), use the settings,
 * options_release() (frees only OPTION_LIST fields).  String values point into
 * argv or the table.  Main thread.
 */
#ifndef OOMRIG_BASE_OPTIONS_H
#define OOMRIG_BASE_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum option_type {
	OPTION_FLAG,	 /* bool       --name */
	OPTION_STRING,	 /* const char * */
	OPTION_PATH,	 /* const char *, a file or folder; refused when empty */
	OPTION_CHOICE,	 /* const char *, one of .choices (NULL-terminated) */
	OPTION_COUNT,	 /* uint64_t */
	OPTION_SIZE,	 /* uint64_t bytes */
	OPTION_RATE,	 /* uint64_t bytes/s */
	OPTION_DURATION, /* uint64_t ns */
	OPTION_LIST,	 /* struct option_list, may be given several times */
	OPTION_HEADING,	 /* no option: .help opens a new section of the --help */
};

struct option_list {
	const char **items; /* borrowed strings, heap array */
	size_t count;
};

struct option_row {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;	  /* short form or '\0' */
	enum option_type type;
	size_t offset;		  /* offsetof() in the settings struct */
	const char *argument;	  /* name of the value in --help, NULL for flags */
	const char *default_text; /* parsed like a user's value; NULL: zeroed */
	uint64_t min, max;	  /* checked for numeric types when max != 0; units of the type */
	const char *const *choices;
	const char *help; /* its lines are broken anew where it is printed */
};

/* Fills settings (zeroed by the caller) with the defaults; a bad default is ERROR_BUG. */
int options_defaults(const struct option_row *rows, void *settings, struct error *err);

/*
 * Parses argv[1…], reordering argv.  Options and operands may be mixed, and flags of one
 * letter stand in one word; a message names the option as it was typed; "--"
 * ends the options, and what follows it is kept apart.  Unknown options are
 * ERROR_USAGE naming the nearest known one.
 */
struct options_result {
	char **operands; /* borrowed from argv, NULL-terminated */
	size_t operand_count;
	char **rest; /* what follows "--", NULL-terminated; NULL: no "--" */
	int help;    /* --help was asked for; nothing else was checked */
};
int options_parse(const struct option_row *rows, int argc, char **argv, void *settings, struct options_result *result,
		  struct error *err);

/* Prints the table as the OPTIONS part of a --help text, at most 80 columns wide. */
void options_print_help(const struct option_row *rows, FILE *out);

void options_release(const struct option_row *rows, void *settings);

#endif
