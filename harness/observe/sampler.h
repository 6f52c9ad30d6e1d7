/*
 * sampler - a thread that reads the group's and the processes' memory at a
 * steady rate, denser while memory moves fast, and at once on an OOM event.
 *
 * Life cycle: sampler_start() opens every descriptor, starts the thread and waits for its first sample;
 * the main thread calls sampler_drain() now and then; sampler_stop() takes one
 * last sample and joins; sampler_drain() once more; sampler_free().  The thread
 * does not allocate, log or lock: samples go through a single-producer
 * single-consumer ring.  A full ring drops samples and counts them.  The group
 * must outlive the sampler: removing it first looks like an OOM event.
 *
 * Dense: every ms for 50 ms after unreclaimable memory (anon + shmem) moved by
 * 1.5 % of the cap since the last tick (4 MiB without a cap), and while it and
 * kernel memory, growing on as of late, would reach the cap within a second: so
 * the last second before a death is dense, be it slow or fast.  Page cache that
 * grows triggers neither.  A budget of CPU time (1 % of a core over time, 60 ms
 * at once) bounds what it costs; after an OOM event it is not asked.
 *
 * Figures that are dearer to read keep their last value in between: processes
 * (0.1 % of a core: one process every few ticks, many of them 10 times a
 * second, at once on an OOM event), open files (at most 10 times a second),
 * disk (once a second).
 */
#ifndef OOMRIG_OBSERVE_SAMPLER_H
#define OOMRIG_OBSERVE_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "isolation/isolation.h"

enum sample_reason { SAMPLE_TICK, SAMPLE_DENSE, SAMPLE_THRESHOLD, SAMPLE_OOM, SAMPLE_LAST };

/* /proc/PID/status and friends, summed over the processes of the tree. */
struct process_sample {
	struct fact processes;
	struct fact rss_anon_bytes, rss_file_bytes, rss_shmem_bytes;
	struct fact main_rss_anon_bytes; /* of the main process alone */
	struct fact vm_hwm_bytes;	 /* of the main process: the kernel's own watermark of RSS */
	struct fact threads;
	struct fact open_files;
};

struct disk_sample { /* bytes allocated below the folders, from a second thread; wal: files named *-wal of data */
	struct fact data_bytes, wal_bytes, tmp_bytes;
};

struct sample {
	uint64_t t_ns;	      /* clock_ns() when reading began */
	uint64_t lateness_ns; /* behind its planned time; 0 for event samples */
	enum sample_reason reason;
	struct memory_sample memory;
	struct process_sample process;
	struct disk_sample disk;
};

/* With more processes than this, sums would be too low: they are given as unreadable. */
#define PROCESS_SET_MAX 64

/* One process, by /proc/PID/status. */
struct process_seen {
	pid_t pid;
	char name[16]; /* TASK_COMM_LEN */
	struct fact rss_anon_bytes, rss_file_bytes, rss_shmem_bytes, vm_hwm_bytes, threads;
};

/*
 * What was there when the OOM event came: a sample, and the processes one by one.
 * Where the event comes after the kill (always on v2), what was read before it;
 * processes are then up to 100 ms older than the sample.
 */
struct oom_snapshot {
	struct sample sample;
	struct process_seen process[PROCESS_SET_MAX];
	size_t count;
};

/*
 * How long a killed process may take to be gone: its memory is freed and its
 * I/O waited for first (2.9 s were seen on a busy disk).
 */
#define SAMPLE_DYING_NS (10 * NS_PER_S)

/*
 * Does the event sample s tell more of the kill than kept?  One that came late,
 * with the kill already counted (more than kills_before), shows what is left
 * rather than what was there; of a burst of events the fullest counts.  kept may
 * be zeroed: none yet.
 */
bool sample_nearer_kill(const struct sample *kept, const struct sample *s, uint64_t kills_before);

struct sampler_options {
	struct isolation *isolation; /* borrowed */
	pid_t main_pid;		     /* for vm_hwm_bytes, and the first of sampler_pids() */
	uint64_t hz;
	const char *data_dir; /* borrowed until stop; NULL: not measured */
	const char *tmp_dir;
	/* Called on the sampler thread right after a SAMPLE_OOM was stored; must be async-safe (uv_async_send). */
	void (*on_oom)(void *arg);
	void *arg;
};

struct sampler_stats {
	uint64_t samples, dropped;
	uint64_t cpu_ns, wall_ns; /* of the threads; of the run */
	uint64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns;
	uint64_t gap_max_ns;   /* longest time between two samples */
	uint64_t oom_events;   /* times the OOM descriptor fired */
	uint64_t first_oom_ns; /* clock_ns() of the first, 0: none */
	int oom_fd_ok;	       /* 0: the host gave no OOM event descriptor */
	const char *priority;  /* what the host allowed: "fifo", "nice -10" or "normal" */
};

struct sampler;
int sampler_start(struct sampler **out, const struct sampler_options *options, struct error *err);

/* The server was started again: vm_hwm_bytes is that of another process from now on.  Main thread. */
void sampler_set_main(struct sampler *s, pid_t main_pid);

/* Hands every sample not yet seen to fn, in order.  Main thread. */
void sampler_drain(struct sampler *s, void (*fn)(void *arg, const struct sample *sample), void *arg);

void sampler_stop(struct sampler *s);
/* Valid after sampler_stop(). */
void sampler_stats(const struct sampler *s, struct sampler_stats *out);
/* Process ids ever seen inside, at 10 Hz, the first 256; any thread, at any time, borrowed. */
const pid_t *sampler_pids(const struct sampler *s, size_t *count);
/* Of the OOM event nearest to the kill; NULL: there was none.  Valid after sampler_stop(), borrowed. */
const struct oom_snapshot *sampler_at_oom(const struct sampler *s);
void sampler_free(struct sampler *s);

#endif
