/*
 * oom_dump - what the kernel prints of a group when it kills in it, as figures:
 * the charge, the classes of memory.stat, the table of processes.
 *
 * Life cycle: oom_dump_parse() fills the struct from the lines of one dump;
 * nothing to release.  Pure; any thread.
 *
 * Source of the form: mm/oom_kill.c, dump_header() and dump_tasks();
 * mm/memcontrol.c, mem_cgroup_print_oom_meminfo().  The columns of the table
 * differ between kernels (rss_anon, rss_file and rss_shmem came with 6.7), so
 * they are found by the table's own heading; what a kernel does not print is
 * absent.  Before 6.5 memory.stat is a single record with "\x0a" for its line
 * ends; before 5.2 it is in another form and stays absent.
 */
#ifndef OOMRIG_OBSERVE_OOM_DUMP_H
#define OOMRIG_OBSERVE_OOM_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "isolation/memory.h"

#define OOM_TASKS_MAX 64

struct oom_task {
	pid_t pid;
	char name[32];
	struct fact total_vm_bytes, rss_bytes, rss_anon_bytes, rss_file_bytes, rss_shmem_bytes, pgtables_bytes,
		swap_bytes;
	int oom_score_adj;
};

struct oom_dump {
	bool seen;	/* a dump was parsed */
	bool has_tasks; /* with a table of processes (vm.oom_dump_tasks) */
	struct fact limit_bytes;
	struct memory_sample memory;	     /* usage, failcnt, kernel and memory.stat, in the rig's words */
	struct oom_task task[OOM_TASKS_MAX]; /* biggest first, by anon + file + shmem */
	size_t task_count;		     /* kept */
	size_t task_beyond;		     /* in the table, but found no place */
};

/* text: lines as kernel_log keeps them, "[seconds] text\n"; page_bytes: what the table counts in. */
void oom_dump_parse(const char *text, uint64_t page_bytes, struct oom_dump *out);

#endif
