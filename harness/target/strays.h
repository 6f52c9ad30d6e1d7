/*
 * strays - everything that a server has started, wherever it went: out of its
 * group, into a session of its own, away from its parent.  While a run is under way
 * orphans come to the rig (PR_SET_CHILD_SUBREAPER, prctl(2)), so that what the
 * server started is below the rig whatever it does; the mark in the environment
 * (mark.h) tells those too that were there before, or that another reaper took.
 * What it had another service start (systemd, a container daemon) is not its own.
 *
 * Life cycle: strays_adopt() before the server's start, strays_reap() now and
 * then, strays_end() when server and group are gone, strays_release().  One run at a
 * time; main thread, but for strays_end(), which any thread may call.
 */
#ifndef OOMRIG_TARGET_STRAYS_H
#define OOMRIG_TARGET_STRAYS_H

#include <sys/types.h>

#include "base/error.h"

/*
 * A rig that was given children by the program that became it, as by `exec` in a
 * shell, cannot tell their orphans from the server's: it goes by the mark alone then.
 */
void strays_adopt(void);
void strays_release(void);

/*
 * Calls fn for each that lives: by descent where orphans come to the rig, by the
 * mark otherwise.  0, or -1 when /proc cannot be read.
 */
int strays_for_each(const char *data_dir, void (*fn)(void *arg, pid_t pid), void *arg);

/* Takes leave of adopted processes that have ended; the child `ours` (0: none) is left to its owner. */
void strays_reap(pid_t ours);

/*
 * Ends them all, until none is left or the deadline has passed: then err names the
 * first.  data_dir: of their mark.  told is called once for each that is ended, before
 * it is; NULL: nobody is told.
 */
int strays_end(const char *data_dir, void (*told)(void *arg, pid_t pid, const char *program), void *arg,
	       struct error *err);

#endif
