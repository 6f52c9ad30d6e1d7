/*
 * kernel_log - OOM records from /dev/kmsg (Linux Documentation/ABI/testing/dev-kmsg).
 *
 * Life cycle: kernel_log_open() before the server starts (positions behind the
 * newest record), kernel_log_read() at the end: takes what came since, keeps
 * the records that speak of our group or of a killed process of ours;
 * kernel_log_close().  A record shows up a few ms after the kill.  Not being
 * allowed to read the log is not an error: it is recorded as unreadable and
 * the judge relies on the other evidence.
 *
 * Of one kill the kernel writes (mm/oom_kill.c): the dump ("invoked
 * oom-killer", figures, tasks) and the line "oom-kill:constraint=…" that names
 * the group, both rate limited, so often missing; then always "Killed process
 * PID (comm)", which names no group.  Hence the list of process ids.  The limit
 * is ten dumps in five seconds, of all groups together (DEFINE_RATELIMIT_STATE
 * in oom_kill_process()); no sysctl moves it.
 */
#ifndef OOMRIG_OBSERVE_KERNEL_LOG_H
#define OOMRIG_OBSERVE_KERNEL_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/fact.h"
#include "observe/oom_dump.h"

#define KERNEL_LOG_KILLS_MAX 16

/* "Memory cgroup out of memory: Killed process 515 (picoshare) total-vm:…kB, anon-rss:…kB, …" */
struct kernel_log_kill {
	uint64_t t_ns; /* the record's stamp, CLOCK_MONOTONIC-like (printk clock) */
	pid_t pid;
	char comm[32];
	bool whole_machine; /* "Out of memory: …": the host had no memory left; not our cap */
	struct fact anon_rss_bytes, file_rss_bytes, shmem_rss_bytes;
};

/* Whose kills are ours. */
struct kernel_log_filter {
	const char *group; /* name of the run's group, as the end of oom_memcg= or task_memcg= */
	const pid_t *pids; /* process ids seen inside */
	size_t pid_count;
};

struct kernel_log {
	int fd;		    /* -1: unreadable */
	int open_errno;	    /* why */
	struct buf excerpt; /* lines kept, for the run's folder: "[seconds] text\n" */
	struct kernel_log_kill kills[KERNEL_LOG_KILLS_MAX];
	size_t kill_count;   /* may exceed KERNEL_LOG_KILLS_MAX; the first are kept */
	struct oom_dump oom; /* the first dump of ours; without one, oom.seen is false */
	uint64_t overruns;   /* records lost because the kernel's buffer wrapped (EPIPE) */

	/* Between records. */
	struct buf dump; /* lines since "invoked oom-killer", while it is not known whose they are */
	bool in_dump;
	pid_t named_victim; /* of an oom-kill: line that named our group */
	uint64_t last_seq;
};

#define KERNEL_LOG_INIT                                                                                                \
	{                                                                                                              \
		.fd = -1, .excerpt = BUF_INIT, .dump = BUF_INIT                                                        \
	}

void kernel_log_open(struct kernel_log *log);
/* Takes new records. */
void kernel_log_read(struct kernel_log *log, const struct kernel_log_filter *filter);
/* Are the process ids that the kernel prints the rig's own?  They are those of the first pid namespace. */
bool kernel_log_names_our_pids(void);
void kernel_log_close(struct kernel_log *log); /* releases the excerpt too */

/* Takes one record as /dev/kmsg gives it: "prio,seq,usec,flags[,…];text\n[ KEY=VALUE\n…]". */
void kernel_log_take(struct kernel_log *log, const struct kernel_log_filter *filter, const char *record, size_t len);

#endif
