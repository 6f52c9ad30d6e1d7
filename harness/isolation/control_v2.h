/*
 * control_v2 - what is done to a v2 group through plain control files that
 * libcgroup has no words for: its page cache asked back, all inside killed.
 *
 * A group is the descriptor of its folder.  Main thread.
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

#endif
