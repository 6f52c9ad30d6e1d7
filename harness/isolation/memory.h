/*
 * memory - the words for the memory of a group, the same for every backend.
 * Names follow cgroup v2's memory.stat; a figure that a backend does not have
 * is absent, never zero.  docs/cgroups.md says how v1's files map to them.
 */
#ifndef OOMRIG_ISOLATION_MEMORY_H
#define OOMRIG_ISOLATION_MEMORY_H

#include "base/fact.h"

enum memory_field {
	MEMORY_USAGE,		 /* bytes charged: v1 memory.usage_in_bytes, v2 memory.current */
	MEMORY_ANON,		 /* private pages; v1 calls it rss */
	MEMORY_FILE,		 /* page cache without shmem; v1: cache - shmem */
	MEMORY_SHMEM,		 /* tmpfs and shared memory */
	MEMORY_MAPPED_FILE,	 /* part of file (and shmem) that is mapped */
	MEMORY_DIRTY,		 /* part of file */
	MEMORY_WRITEBACK,	 /* part of file */
	MEMORY_KERNEL,		 /* slab, page tables, stacks; v1 memory.kmem.usage_in_bytes */
	MEMORY_SOCK,		 /* socket buffers; v2 only, and not part of its kernel */
	MEMORY_UNEVICTABLE,	 /* mlocked and the like; overlaps anon, file and shmem */
	MEMORY_INACTIVE_FILE,	 /* for the working set formula usage - inactive_file */
	MEMORY_SWAP,		 /* bytes swapped out */
	MEMORY_PGMAJFAULT,	 /* events, cumulative */
	MEMORY_OOM_KILL,	 /* events, cumulative: processes killed in this group */
	MEMORY_LIMIT_HITS,	 /* events: v1 failcnt, v2 max; proves nothing, see judge */
	MEMORY_UNDER_OOM,	 /* 0 or 1; v1 only */
	MEMORY_SLAB_RECLAIMABLE, /* part of kernel; v2 only */
	MEMORY_OOMS,		 /* events, cumulative: OOMs, whether or not something was killed; v2 only */
	MEMORY_OOM_KILL_LOCAL,	 /* as OOM_KILL, without groups below this one; v2 only */
	MEMORY_PRESSURE_SOME,	 /* µs, cumulative, in which a task waited for memory; v2 with PSI only */
	MEMORY_PRESSURE_FULL,	 /* µs, cumulative, in which all did; v2 with PSI only */
	MEMORY_HIGH_HITS,	 /* events, cumulative: times memory.high slowed it down; v2 only */
	MEMORY_OOM_GROUP_KILLS,	 /* events, cumulative: OOMs that killed the whole group; v2 only */
	MEMORY_HOST,		 /* what the host holds for the server's machine: RSS of the emulator */
	MEMORY_FIELDS
};

struct memory_field_info {
	const char *name; /* "usage_bytes": CSV column and JSON key, unit included */
	const char *meaning;
};
extern const struct memory_field_info memory_field_info[MEMORY_FIELDS];

struct memory_sample {
	struct fact field[MEMORY_FIELDS];
};

/*
 * anon + shmem + kernel: what cannot be taken back without swap.  kernel may
 * hold shrinkable slab (dentries, inodes), so this is an upper bound; v1 has no split.
 * Without sock, which v1 does not charge: TCP gives way when its group is short
 * of memory (mem_cgroup_under_socket_pressure()), and never asks for a kill.
 */
struct fact memory_unreclaimable(const struct memory_sample *m);

#endif
