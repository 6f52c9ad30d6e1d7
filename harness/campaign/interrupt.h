/*
 * interrupt - the user's wish to stop a command that makes runs.  A run looks for it
 * itself (base/ending.h).  This looks for it between two runs and ends the build of a
 * commit, so that the command can take away its worktrees before it exits.
 *
 * Life cycle: interrupt_open(); interrupt_check() between steps and
 * interrupt_shell() for a step that is a child process; interrupt_close().
 * Main thread.
 */
#ifndef OOMRIG_CAMPAIGN_INTERRUPT_H
#define OOMRIG_CAMPAIGN_INTERRUPT_H

#include <stdbool.h>

#include "base/error.h"

struct interrupt;

/* *out is NULL after an error. */
int interrupt_open(struct interrupt **out, struct error *err);
void interrupt_close(struct interrupt *i);

/* Has the user asked us to stop, now or before?  -1 and ERROR_INTERRUPTED then. */
int interrupt_check(struct error *err);

/*
 * Runs a line by /bin/sh in a folder, in a process group of its own, its output in
 * the file `log`, and waits.  *ok: it ended with status 0.  When the user asks to
 * stop meanwhile, the whole group is ended: ERROR_INTERRUPTED.
 */
int interrupt_shell(struct interrupt *i, const char *line, const char *folder, const char *log, bool *ok,
		    struct error *err);

#endif
