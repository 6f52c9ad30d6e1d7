/*
 * cmd_format - what the subcommands share that write runs: in which form, and where to.
 *
 * Life cycle: embed a struct format_settings, put FORMAT_ROWS into the table of options; cmd_format_find(),
 * cmd_format_write().  Main thread.
 */
#ifndef OOMRIG_CMD_FORMAT_H
#define OOMRIG_CMD_FORMAT_H

#include "catalogue/formats.h"
#include "cli/cmd.h"

struct format_settings {
	const char *format, *output;
	bool json;
};

#define FORMAT_FIELD(base, name) ((base) + offsetof(struct format_settings, name))

/* base: offset of the struct format_settings in the subcommand's own. */
/* clang-format off */
#define FORMAT_ROWS(base)                                                                                             \
	{ "format", 'f', OPTION_STRING, FORMAT_FIELD(base, format), "NAME", "terminal", 0, 0, NULL,                   \
	  "how to write them: terminal, plot, json, markdown, html, csv,\njunit, github or openmetrics" },            \
	{ "output", 'o', OPTION_PATH, FORMAT_FIELD(base, output), "FILE", NULL, 0, 0, NULL,                           \
	  "where that goes; without it, standard output" },                                                           \
	{ "json", 'j', OPTION_FLAG, FORMAT_FIELD(base, json), NULL, NULL, 0, 0, NULL,                                 \
	  "the same as --format json" }
/* clang-format on */

/* NULL: the error says which there are. */
const struct exporter *cmd_format_find(const struct format_settings *settings, struct error *err);

/* Nothing but the report: a format for programs on standard output, where people's lines have no place. */
bool cmd_format_alone(const struct exporter *exporter, const struct format_settings *settings);

/* A file appears as a whole or not at all. */
int cmd_format_write(const struct exporter *exporter, const struct format_settings *settings,
		     const struct run_list *runs, struct error *err);

/* Calls write with the file's stream, or with standard output where output is NULL. */
int cmd_write_to(const char *output, int (*write)(FILE *out, const void *what, struct error *err), const void *what,
		 struct error *err);

#endif
