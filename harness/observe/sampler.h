/*
 * sampler - a thread that reads the group's and the processes' memory at a
 * steady rate, denser while memory moves fast, and at once on an OOM event.
 *
 * Life cycle: sampler_start() opens every descriptor and starts the thread;
 * the main thread calls sampler_drain() now and then; sampler_stop() takes one
 * last sample and joins; sampler_drain() once more; sampler_free().  The thread
 * does not allocate, log or lock: samples go through a single-producer
 * single-consumer ring.  A full ring drops samples and counts them.  The group
 * must outlive the sampler: removing it first looks like an OOM event.
 *
 * Dense: every ms for 50 ms after unreclaimable memory (anon + shmem) moved by
 * 1.5 % of the cap since the last tick (4 MiB without a cap).  Page cache that
 * grows does not trigger it.  A budget of CPU time (1 % of a core over time,
 * 30 ms at once) bounds what it costs; after an OOM event it is not asked.
 *
 * Figures that are dearer to read keep their last value in between: processes
 * (0.1 % of a core: one process every few ticks, many of them 10 times a
 * second, at once on an OOM event), open files (at most 10 times a second),
 * disk (once a second).
 */
#ifndef OOMRIG_OBSERVE_SAMPLER_H
#define OOMRIG_OBSERVE_SAMPLER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "isolation/isolation.h"

enum sample_reason { SAMPLE_TICK, SAMPLE_DENSE, SAMPLE_THRESHOLD, SAMPLE_OOM, SAMPLE_LAST };
extern const char *const sample_reason_names[]; /* "tick" … */

/* /proc/PID/status and friends, summed over the processes of the tree. */
struct process_sample {
	struct fact processes;
	struct fact rss_anon_bytes, rss_file_bytes, rss_shmem_bytes;
	struct fact vm_hwm_bytes; /* of the main process: the kernel's own watermark of RSS */
	struct fact threads;
	struct fact open_files;
};

struct disk_sample { /* bytes allocated below the folders, from a second thread; wal: files named *-wal of data */
	struct fact data_bytes, wal_bytes, tmp_bytes;
};

struct sample {
	uint64_t t_ns;        /* clock_ns() when reading began */
	uint64_t lateness_ns; /* behind its planned time; 0 for event samples */
	enum sample_reason reason;
	struct memory_sample memory;
	struct process_sample process;
	struct disk_sample disk;
};

struct sampler_options {
	struct isolation *isolation; /* borrowed */
	pid_t main_pid; /* for vm_hwm_bytes */
	uint64_t hz;
	const char *data_dir; /* borrowed until stop; NULL: not measured */
	const char *tmp_dir;
	/* Called on the sampler thread right after a SAMPLE_OOM was stored; must be async-safe (uv_async_send). */
	void (*on_oom)(void *arg);
	void *arg;
};

struct sampler_stats {
	uint64_t samples, dropped;
	uint64_t cpu_ns, wall_ns;   /* of the threads; of the run */
	uint64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns;
	uint64_t gap_max_ns;        /* longest time between two samples */
	uint64_t oom_events;        /* times the OOM descriptor fired */
	uint64_t first_oom_ns;      /* clock_ns() of the first, 0: none */
	int oom_fd_ok;              /* 0: the host gave no OOM event descriptor */
	const char *priority;       /* what the host allowed: "fifo", "nice -10" or "normal" */
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
/* Process ids ever seen inside, at 10 Hz, the first 256; valid after sampler_stop(), borrowed. */
const pid_t *sampler_pids(const struct sampler *s, size_t *count);
void sampler_free(struct sampler *s);

/*
 * The columns of samples.csv, and one line of it (no newline); t relative to
 * origin_ns.  An absent figure is an empty cell, an unreadable one says so.
 */
struct buf;
void sample_csv_header(struct buf *out);
void sample_csv_row(const struct sample *s, uint64_t origin_ns, struct buf *out);

#endif
