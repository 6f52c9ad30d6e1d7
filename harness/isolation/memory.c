#include "isolation/memory.h"

const struct memory_field_info memory_field_info[MEMORY_FIELDS] = {
	[MEMORY_USAGE] = { "usage_bytes", "everything charged to the group" },
	[MEMORY_ANON] = { "anon_bytes", "private memory of the processes" },
	[MEMORY_FILE] = { "file_bytes", "page cache, without shmem" },
	[MEMORY_SHMEM] = { "shmem_bytes", "tmpfs and shared memory: not reclaimable without swap" },
	[MEMORY_MAPPED_FILE] = { "mapped_file_bytes", "part of file and shmem that is mapped" },
	[MEMORY_DIRTY] = { "dirty_bytes", "part of file that waits to be written" },
	[MEMORY_WRITEBACK] = { "writeback_bytes", "part of file that is being written" },
	[MEMORY_KERNEL] = { "kernel_bytes", "slab, page tables, stacks" },
	[MEMORY_SOCK] = { "sock_bytes", "socket buffers" },
	[MEMORY_UNEVICTABLE] = { "unevictable_bytes", "mlocked and the like; overlaps anon, file and shmem" },
	[MEMORY_INACTIVE_FILE] = { "inactive_file_bytes", "part of file on the inactive list" },
	[MEMORY_SWAP] = { "swap_bytes", "swapped out" },
	[MEMORY_PGMAJFAULT] = { "major_faults", "page faults that had to read, since the group was made" },
	[MEMORY_OOM_KILL] = { "oom_kills", "processes of the group killed for lack of memory" },
	[MEMORY_LIMIT_HITS] = { "limit_hits", "times the limit was run into; rises on ordinary reclaim" },
	[MEMORY_UNDER_OOM] = { "under_oom", "1 while the group is in an OOM" },
	[MEMORY_SLAB_RECLAIMABLE] = { "slab_reclaimable_bytes", "part of kernel that can be shrunk" },
	[MEMORY_OOMS] = { "ooms", "times the group ran out of memory" },
	[MEMORY_OOM_KILL_LOCAL] = { "oom_kills_local", "oom_kills without those of groups below" },
	[MEMORY_PRESSURE_SOME] = { "pressure_some_us", "time in which a task of the group waited for memory" },
	[MEMORY_PRESSURE_FULL] = { "pressure_full_us", "time in which all of them did" },
	[MEMORY_HIGH_HITS] = { "high_hits", "times it was slowed down at memory.high" },
	[MEMORY_HOST] = { "host_bytes", "what the host holds for the server's machine; no part of usage" },
	[MEMORY_OOM_GROUP_KILLS] = { "oom_group_kills", "OOMs that killed all of the group at once" },
};

struct fact memory_unreclaimable(const struct memory_sample *m)
{
	struct fact sum = fact_add(m->field[MEMORY_ANON], m->field[MEMORY_SHMEM]);

	return fact_add(sum, m->field[MEMORY_KERNEL]);
}
