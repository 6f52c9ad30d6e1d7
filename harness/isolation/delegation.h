/*
 * delegation - where in a cgroup v2 hierarchy the rig may make groups with a
 * memory limit: as root, in a subtree handed to a user or a service
 * (systemd's Delegate=yes), in a container with a writable cgroupfs.
 *
 * The kernel's rules (Linux Documentation/admin-guide/cgroup-v2.rst, "Top-down
 * Constraint", "No Internal Process Constraint", "Delegation Containment"):
 * the controller must be enabled in the parent's cgroup.subtree_control, and
 * then, other than in the root, the parent itself may hold no processes; a
 * process is moved by writing to the target and to the nearest common ancestor
 * of source and target.  So the place is the rig's own group or one above it.
 *
 * Life cycle: delegation_enter() finds the place by trying, nearest first,
 * without changing anything where that will do; where only the rig itself is
 * in the way it steps aside into a leaf of its own.  delegation_leave() steps
 * back and removes the leaf.  The controller is left enabled elsewhere: other
 * rigs may have come to rely on it.  Main thread.
 */
#ifndef OOMRIG_ISOLATION_DELEGATION_H
#define OOMRIG_ISOLATION_DELEGATION_H

#include <limits.h>

#include "base/error.h"
#include "isolation/isolation.h"

struct delegation {
	char place[PATH_MAX];	       /* path below the mount point, "" for the mount point itself */
	char leaf[ISOLATION_NAME_MAX]; /* below place; "" when the rig has not stepped aside */
};

/*
 * root: where the hierarchy is mounted.  unit: of systemd, which was handed down
 * to the rig; what lies above it has another writer.  NULL: none.
 */
int delegation_enter(struct delegation *d, const char *root, const char *unit, struct error *err);
void delegation_leave(struct delegation *d, const char *root);

/* Finds the place in which a group of that name already is, from inside or from beside it. */
int delegation_find(struct delegation *d, const char *root, const char *name, struct error *err);

#endif
