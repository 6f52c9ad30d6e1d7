/*
 * backend - what the files of this folder share: the backends themselves, and
 * the parts that are the same for all of them.  Nobody else includes it.
 */
#ifndef OOMRIG_ISOLATION_BACKEND_H
#define OOMRIG_ISOLATION_BACKEND_H

#include "isolation/isolation.h"

extern const struct isolation_backend isolation_cgroup_v1;
extern const struct isolation_backend isolation_cgroup_v2;
extern const struct isolation_backend isolation_none;

/* Fills the common part of a group. */
void isolation_init(struct isolation *iso, const struct isolation_backend *backend, const char *name,
		    const struct isolation_limits *limits);

/* The figures in cgroup.procs of a folder; returns how many (may exceed max), or -1.  Does not allocate. */
int isolation_read_pids(int dir_fd, pid_t *out, size_t max);

/*
 * Checks that the host has as much swap as is asked for, and that it can be
 * capped: accounted says whether the group has a limit of it.  0: go on.
 */
int isolation_check_swap(const struct isolation_limits *limits, bool accounted, struct error *err);

/* isolation_backend.kill in terms of .pids and .contains. */
int isolation_kill_all(struct isolation *iso, struct error *err);

#endif
