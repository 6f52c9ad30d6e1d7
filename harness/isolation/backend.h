/*
 * backend - what the files of this folder share: the backends themselves, and
 * the parts that are the same for all of them.  Nobody else includes it.
 */
#ifndef OOMRIG_ISOLATION_BACKEND_H
#define OOMRIG_ISOLATION_BACKEND_H

#include "isolation/isolation.h"

extern const struct isolation_backend isolation_cgroup_v1;
extern const struct isolation_backend isolation_cgroup_v2;
extern const struct isolation_backend isolation_machine;
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

/* Whom to kill: pids and contains as in isolation_backend. */
struct inmates {
	const char *name; /* of the group, for messages */
	int (*pids)(void *arg, pid_t *out, size_t max, struct error *err);
	int (*contains)(void *arg, pid_t pid);
	void *arg;
};

/* SIGKILL to all of them until none is left, at most 5 s. */
int isolation_kill_inmates(const struct inmates *in, struct error *err);

/* isolation_backend.kill in terms of .pids and .contains. */
int isolation_kill_all(struct isolation *iso, struct error *err);

/*
 * A group that was listed: nothing where it is not ours, its rig lives, or that cannot be told; otherwise clean takes
 * it away or looks at it, and returns how many processes were inside.  One that is gone by then is no failure.
 */
void isolation_clean_one(struct isolation_leftovers *leftovers, const struct isolation_backend *backend,
			 const char *name, int (*clean)(void *arg, const char *name, struct error *err), void *arg);

#endif
