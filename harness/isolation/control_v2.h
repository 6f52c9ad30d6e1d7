/*
 * control_v2 - what is done to a v2 group through plain control files that
 * libcgroup has no words for: its page cache asked back, all inside killed; and
 * the groups that a server makes below its own (the rig's group is its to
 * divide): their processes listed, the groups removed.
 *
 * A group is the descriptor of its folder.  Main thread, but for the list of processes.
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef OOMRIG_ISOLATION_CONTROL_V2_H
#define OOMRIG_ISOLATION_CONTROL_V2_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fact.h"

/* Asks the page cache back; high: the memory.high that is to be in force afterwards.  Returns 0, or errno. */
int control_v2_squeeze(int dir_fd, struct fact high);

/* SIGKILL to all inside, groups below included; false without cgroup.kill (Linux 5.14) or with some left after 5 s. */
bool control_v2_kill(int dir_fd);

/* As isolation_backend.pids, groups below included.  Allocates only where there are any. */
int control_v2_pids(int dir_fd, pid_t *out, size_t max);

/* Removes all groups below, which must be empty of processes. */
int control_v2_remove_below(int dir_fd, struct error *err);

#endif
