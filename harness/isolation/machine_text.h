/*
 * machine_text - what the agent in a small machine tells of its memory, as
 * figures in the words of memory.h.  The text is that of the kernel's own files
 * (proc_meminfo(5), proc_vmstat(5), proc_pid_status(5)), each behind a line "@NAME".
 *
 * A figure whose file is there and does not hold it is absent; one whose file did
 * not come, or whose number makes no sense, is unreadable.
 *
 * Life cycle: machine_text_parse() fills the struct, which points into the text;
 * nothing to release, nothing is allocated.  Pure; any thread.
 */
#ifndef OOMRIG_ISOLATION_MACHINE_TEXT_H
#define OOMRIG_ISOLATION_MACHINE_TEXT_H

#include <stddef.h>
#include <sys/types.h>

#include "isolation/memory.h"

#define MACHINE_PROCESSES_MAX 64

struct machine_process {
	pid_t pid;
	const char *status; /* as /proc/PID/status, some lines of it */
	size_t len;
};

struct machine_text {
	struct memory_sample memory;
	struct fact total_bytes;      /* MemTotal: what the kernel has left over for all */
	struct fact swap_total_bytes; /* SwapTotal */
	struct fact ooms;	      /* times that it ran out of memory, by the agent's count */
	struct fact work_us;	      /* that a small, always equal piece of work took when it came up */
	struct fact agent_bytes;      /* the agent's own resident memory, part of anon and file */
	struct fact disk_free_bytes;  /* of the disk that holds {data} and {tmp} */
	struct fact disk_used_bytes;
	struct machine_process process[MACHINE_PROCESSES_MAX];
	size_t process_count; /* kept */
	size_t process_total;
};

/*
 * ram_bytes: what the machine was given.  Usage is all of it but what is free;
 * kernel is what the kernel names as its own, and what it took before it counted:
 * ram_bytes less MemTotal.
 */
void machine_text_parse(const char *text, size_t len, uint64_t ram_bytes, struct machine_text *out);

#endif
