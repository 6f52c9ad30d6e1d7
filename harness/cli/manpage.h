/*
 * manpage - a manual page of roff's man macros, from the rows that --help is
 * printed from.  Pure: rows in, text out.
 */
#ifndef OOMRIG_CLI_MANPAGE_H
#define OOMRIG_CLI_MANPAGE_H

#include "base/buf.h"
#include "cli/cmd.h"

/* oomrig-NAME(1), or oomrig(1), which names them all, when command is NULL. */
void manpage(const struct command *command, struct buf *out);

#endif
