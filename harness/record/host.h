/*
 * host - what a run's record says of the machine and of the sources: kernel,
 * CPU, memory, swap, cgroup mode, tool and library versions, and the git
 * branch, commit and dirty state of a source folder.  Nothing that names the
 * machine or its user.  Main thread (git runs as a child and is waited for).
 */
#ifndef OOMRIG_RECORD_HOST_H
#define OOMRIG_RECORD_HOST_H

#include <jansson.h>
#include <stdint.h>

#include "base/fact.h"

#define OOMRIG_VERSION "0.1.0"

/* A text that cannot be read is null, a figure says so (fact_json.h).  The caller owns it. */
json_t *host_describe(void);

/*
 * {"branch","commit","dirty","changed","untracked","diff_sha"} of the checkout
 * that folder lies in, as far as it concerns folder itself.  branch is null when
 * detached, commit when there is none yet, diff_sha (git's own hash of the
 * changes against the commit) when clean.  JSON null outside a checkout or
 * without git.  The caller owns it.
 */
json_t *host_git_state(const char *folder);

struct fact host_swap_total_bytes(void);

/*
 * The cgroup mode by the text of /proc/self/mounts: "v1", "v2", "hybrid" (both),
 * "none".  memory: which of them has the memory controller ("v1", "v2" or NULL),
 * v2_controllers being the text of the v2 root's cgroup.controllers, "" if unknown.
 */
const char *host_cgroup_mode(const char *mounts, const char *v2_controllers, const char **memory);

#endif
