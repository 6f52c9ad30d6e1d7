/*
 * complete - completion scripts for shells, from the table of commands and the
 * rows of their options.  Pure: rows in, text out; one row for each shell.
 */
#ifndef OOMRIG_CLI_COMPLETE_H
#define OOMRIG_CLI_COMPLETE_H

#include "base/buf.h"

struct complete_shell {
	const char *name;
	void (*write)(struct buf *out);
};

/* Ended by a row without a name. */
extern const struct complete_shell complete_shells[];

#endif
