/*
 * scope - the rig's own place in a cgroup v2 hierarchy that a systemd manager
 * manages.  A manager is the only one who may make groups in its part of the
 * tree (systemd's CGROUP_DELEGATION.md, "the single-writer rule"), so it is asked
 * for a transient scope with Delegate=yes around the rig, as `systemd-run
 * --scope` would; the groups are then made below it (delegation.h).
 *
 * The manager is systemd's own for root, that of the user for anybody else.  It is not
 * asked where there is none, and where the rig runs in a unit that was handed
 * down already.  The scope holds the rig itself, not a placeholder: it ends with
 * the rig, however that ends, and the manager then removes all groups in it.
 *
 * The environment variable OOMRIG_SYSTEMD_SCOPE overrides: "never", or "always"
 * (also from within a delegated unit; a manager that does not answer is then an
 * error rather than a reason to go without).  "auto" is the default.
 *
 * Main thread; once per process, later calls give the same answer.
 */
#ifndef OOMRIG_ISOLATION_SCOPE_H
#define OOMRIG_ISOLATION_SCOPE_H

#include "base/error.h"

#define SCOPE_ENVIRONMENT "OOMRIG_SYSTEMD_SCOPE"

/*
 * unit: the one that was handed down to the rig, the scope or another; NULL
 * where there is none.  placement: what was done, for people and for the record.
 * Both static.  ERROR_USAGE for a value that is none of the
 * three, ERROR_ENVIRONMENT if a scope is insisted on and cannot be had.
 */
int scope_enter(const char **unit, const char **placement, struct error *err);

#endif
