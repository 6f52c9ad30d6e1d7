/*
 * subgroups - the groups that a server makes below its own: on both versions of
 * cgroups the rig's group is its to divide, as deep and with as long names as
 * the kernel lets it.  Their processes are listed and ended, the groups removed.
 *
 * A group is the descriptor of its folder.  Main thread, but for the list of processes.
 */
#ifndef OOMRIG_ISOLATION_SUBGROUPS_H
#define OOMRIG_ISOLATION_SUBGROUPS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* As isolation_backend.pids, groups below included.  Allocates only where there are any. */
int subgroups_pids(int dir_fd, pid_t *out, size_t max);

/* Kills what is in the groups below and removes them, the deepest first; name: of the group, for messages. */
int subgroups_end(int dir_fd, const char *name, struct error *err);

#endif
