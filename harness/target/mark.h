/*
 * mark - a variable in the environment of a server, which its children inherit:
 * by it the processes of a run are found when rig and main process are gone,
 * whatever group or session they are in.  A program that writes over its
 * environment, as some do to show a title in ps, is not found.
 *
 * Any thread.
 */
#ifndef OOMRIG_TARGET_MARK_H
#define OOMRIG_TARGET_MARK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* "NAME=VALUE" for a server with that data folder; the caller frees. */
char *mark_new(const char *data_dir);

/* Was the process given the mark of a server whose data folder ends with that text? */
bool mark_carried_by(pid_t pid, const char *data_end);

/*
 * Ends, unless it is a dry run, each process whose data folder lies in a work
 * folder of that name (run/folders.h), and waits until it is gone.  told is
 * called before each.  -1: one or more live on, err names the first.
 */
int mark_kill(const char *work_name, bool dry_run, void (*told)(void *arg, pid_t pid), void *arg, struct error *err);

#endif
