/*
 * backend - what the files of this folder share: the backends themselves, and
 * the parts that are the same for all of them.  Nobody else includes it.
 */
#ifndef OOMRIG_ISOLATION_BACKEND_H
#define OOMRIG_ISOLATION_BACKEND_H

#include "isolation/isolation.h"

extern const struct isolation_backend isolation_cgroup_v1;
extern const struct isolation_backend isolation_none;

/* Fills the common part of a group. */
void isolation_init(struct isolation *iso, const struct isolation_backend *backend, const char *name,
		    const struct isolation_limits *limits);

/* isolation_backend.kill in terms of .pids and .contains. */
int isolation_kill_all(struct isolation *iso, struct error *err);

#endif
