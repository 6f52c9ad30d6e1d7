#include "observe/sampler.h"

#include <errno.h>
#include <gsl/gsl_histogram.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "observe/disk.h"
#include "observe/pace.h"
#include "observe/process.h"
#include "observe/ring.h"

#define DENSE_INTERVAL_NS NS_PER_MS

#define PIDS_INTERVAL_NS (100 * NS_PER_MS)
#define PIDS_SEEN_MAX 256
#define PROCESS_COSTS 1000 /* a reading is followed by a pause of so many times what it took, … */
#define FILES_COSTS 1000
#define PAUSE_MAX_NS (100 * NS_PER_MS) /* … but no longer than this, should it have been interrupted */
#define FILES_TICKS 10

#define LATENESS_BINS 360 /* 5 % each, from 1 µs to 40 s */
#define LATENESS_STEP 1.05

/* Usage, in per cent of the cap, whose crossing is worth a sample of its own. */
static const uint64_t thresholds_percent[] = { 50, 94 };
#define THRESHOLDS COUNT(thresholds_percent)

enum watched { WATCH_STOP, WATCH_OOM, WATCH_THRESHOLD, WATCHED = WATCH_THRESHOLD + THRESHOLDS };

struct sampler {
	struct sampler_options options;
	_Atomic pid_t main_pid;
	struct isolation_reader *reader;
	struct ring ring;
	struct disk_watch disk;
	pthread_t thread;
	bool stopped;
	int epoll_fd;
	int fd[WATCHED]; /* -1: none */
	uint64_t period_ns;

	/* Of the thread. */
	struct process_set processes;
	struct sample last; /* carries what is not read anew */
	uint64_t started_ns, next_pids_ns, next_process_ns, next_files_ns;
	struct pace pace;
	uint64_t muted_until_ns; /* OOM and threshold events, once one has fired; 0: they are armed */
	pid_t seen[PIDS_SEEN_MAX];
	_Atomic size_t seen_count;		   /* grows after its entry is there */
	struct process_seen each[PROCESS_SET_MAX]; /* as last read */
	size_t each_count;
	struct oom_snapshot at_oom;
	gsl_histogram *lateness; /* µs */
	struct sampler_stats stats;
};

static void refresh_pids(struct sampler *s)
{
	pid_t pids[PROCESS_SET_MAX];
	int count = s->options.isolation->backend->reader_pids(s->reader, pids, PROCESS_SET_MAX);

	if (count < 0)
		return; /* processes keep being read; those that are gone drop out by themselves */
	process_set_update(&s->processes, pids, (size_t)count);
	for (int i = 0; i < count && i < PROCESS_SET_MAX; i++) {
		size_t seen = s->seen_count, j = 0;

		while (j < seen && s->seen[j] != pids[i])
			j++;
		if (j == seen && j < PIDS_SEEN_MAX) {
			s->seen[j] = pids[i];
			s->seen_count = j + 1;
		}
	}
}

static uint64_t pause_after(uint64_t start_ns, uint64_t costs)
{
	uint64_t now = clock_ns(), pause_ns = (now - start_ns) * costs;

	return now + (pause_ns < PAUSE_MAX_NS ? pause_ns : PAUSE_MAX_NS);
}

static void read_processes(struct sampler *s, uint64_t now, bool event)
{
	struct process_sample *p = &s->last.process;
	uint64_t start_ns;

	if (now >= s->next_pids_ns || s->processes.count == 0) {
		refresh_pids(s);
		s->next_pids_ns = now + PIDS_INTERVAL_NS;
	}
	if (now >= s->next_process_ns || event) {
		start_ns = clock_ns();
		s->each_count = process_set_read(&s->processes, s->main_pid, p, s->each);
		s->next_process_ns = pause_after(start_ns, PROCESS_COSTS);
	}
	if (now >= s->next_files_ns && !event) {
		start_ns = clock_ns();
		p->open_files = process_set_files(&s->processes);
		s->next_files_ns = pause_after(start_ns, FILES_COSTS) + FILES_TICKS * s->period_ns;
	}
}

/* What kills when it grows, without the kernel's part; from the processes where there is no group. */
static struct fact moving(const struct sample *x)
{
	struct fact group = fact_add(x->memory.field[MEMORY_ANON], x->memory.field[MEMORY_SHMEM]);

	return fact_known(group) ? group : fact_add(x->process.rss_anon_bytes, x->process.rss_shmem_bytes);
}

bool sample_nearer_kill(const struct sample *kept, const struct sample *s, uint64_t kills_before)
{
	if (s->memory.field[MEMORY_OOM_KILL].value > kills_before)
		return false;
	return kept->t_ns == 0 || s->t_ns - kept->t_ns > SAMPLE_DYING_NS ||
	       memory_unreclaimable(&s->memory).value >= memory_unreclaimable(&kept->memory).value;
}

static void keep_snapshot(struct sampler *s)
{
	s->at_oom.sample = s->last;
	memcpy(s->at_oom.process, s->each, s->each_count * sizeof(s->each[0]));
	s->at_oom.count = s->each_count;
}

static void take(struct sampler *s, enum sample_reason reason, uint64_t lateness_ns)
{
	uint64_t now = clock_ns();
	struct sample *slot;

	if (s->stats.samples + s->stats.dropped > 0 && now - s->last.t_ns > s->stats.gap_max_ns)
		s->stats.gap_max_ns = now - s->last.t_ns;
	/* Should the event turn out to have come late, what was read before it is the nearest there is. */
	if (reason == SAMPLE_OOM && s->at_oom.sample.t_ns == 0 && s->last.memory.field[MEMORY_OOM_KILL].value == 0)
		keep_snapshot(s);
	s->last.t_ns = now;
	s->last.lateness_ns = lateness_ns;
	s->last.reason = reason;
	s->options.isolation->backend->reader_read(s->reader, &s->last.memory);
	read_processes(s, now, reason == SAMPLE_OOM || reason == SAMPLE_LAST);
	disk_watch_read(&s->disk, &s->last.disk);
	pace_see(&s->pace, moving(&s->last), memory_unreclaimable(&s->last.memory), reason == SAMPLE_TICK, now);
	if (reason == SAMPLE_OOM && sample_nearer_kill(&s->at_oom.sample, &s->last, 0))
		keep_snapshot(s);

	slot = ring_slot(&s->ring);
	if (!slot) {
		s->stats.dropped++;
		return;
	}
	*slot = s->last;
	ring_push(&s->ring);
	s->stats.samples++;
}

static void watch(struct sampler *s, int op, enum watched which)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.u32 = which };

	if (s->fd[which] >= 0)
		epoll_ctl(s->epoll_fd, op, s->fd[which], &event);
}

/*
 * Sleeps until planned_ns or an event; returns which, WATCHED when it is time.
 * One call with a timeout is cheaper than a timerfd to set and poll.
 */
static enum watched wait_until(struct sampler *s, uint64_t planned_ns)
{
	uint64_t now = clock_ns(), left_ns = planned_ns > now ? planned_ns - now : 0;
	struct timespec left = { .tv_sec = (time_t)(left_ns / NS_PER_S), .tv_nsec = (long)(left_ns % NS_PER_S) };
	struct epoll_event event;

	if (s->muted_until_ns && now >= s->muted_until_ns) {
		s->muted_until_ns = 0;
		for (enum watched i = WATCH_OOM; i < WATCHED; i++)
			watch(s, EPOLL_CTL_MOD, i);
	}
	return epoll_pwait2(s->epoll_fd, &event, 1, &left, NULL) == 1 ? event.data.u32 : WATCHED;
}

static void on_oom(struct sampler *s, uint64_t count)
{
	if (s->stats.first_oom_ns == 0)
		s->stats.first_oom_ns = clock_ns();
	s->stats.oom_events += count;
	take(s, SAMPLE_OOM, 0);
	if (s->options.on_oom)
		s->options.on_oom(s->options.arg);
	pace_oom(&s->pace, s->last.t_ns);
}

static void take_event(struct sampler *s, enum watched which)
{
	eventfd_t count;

	if (which == WATCH_OOM) {
		count = s->options.isolation->backend->oom_event_take(s->reader, s->fd[which]);
		if (count > 0)
			on_oom(s, count);
	} else if (eventfd_read(s->fd[which], &count) == 0) {
		take(s, SAMPLE_THRESHOLD, 0);
	}
	/* Usage that hovers about a threshold, or one OOM after the other, must not set the pace. */
	s->muted_until_ns = clock_ns() + DENSE_INTERVAL_NS;
}

/* As high as the host allows: a sampler that waits for the load it watches sees nothing of it. */
static const char *raise_priority(void)
{
	struct sched_param fifo = { .sched_priority = 1 };

	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	/* Both of the calling thread: sched_setscheduler(2); setpriority(2), "C library/kernel differences". */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &fifo) == 0)
		return "fifo";
	return setpriority(PRIO_PROCESS, 0, -10) == 0 ? "nice -10" : "normal";
}

static void *run(void *arg)
{
	struct sampler *s = arg;
	uint64_t next_tick_ns;

	s->stats.priority = raise_priority();
	s->started_ns = clock_ns();
	pace_init(&s->pace, s->options.isolation->readback.memory_bytes.value, s->started_ns, clock_thread_cpu_ns());
	next_tick_ns = s->started_ns + s->period_ns;
	take(s, SAMPLE_TICK, 0);
	for (;;) {
		uint64_t planned_ns = next_tick_ns, now = clock_ns(), late_ns;
		enum watched which;

		if (s->last.t_ns + DENSE_INTERVAL_NS < planned_ns && pace_dense(&s->pace, now, clock_thread_cpu_ns))
			planned_ns = s->last.t_ns + DENSE_INTERVAL_NS;
		which = wait_until(s, planned_ns);
		if (which == WATCH_STOP)
			break;
		if (which != WATCHED) {
			take_event(s, which);
			continue;
		}
		now = clock_ns();
		if (now < planned_ns)
			continue;
		late_ns = now - planned_ns;
		gsl_histogram_increment(s->lateness, (double)late_ns / (double)NS_PER_US);
		if (late_ns > s->stats.lateness_max_ns)
			s->stats.lateness_max_ns = late_ns;
		take(s, planned_ns == next_tick_ns ? SAMPLE_TICK : SAMPLE_DENSE, late_ns);
		/* Ticks that were slept through are not made up for: gap_max_ns shows them. */
		while (next_tick_ns <= now)
			next_tick_ns += s->period_ns;
	}
	take(s, SAMPLE_LAST, 0);
	s->stats.wall_ns = clock_ns() - s->started_ns;
	s->stats.cpu_ns = clock_thread_cpu_ns();
	return NULL;
}

static void open_events(struct sampler *s)
{
	struct isolation *iso = s->options.isolation;
	uint64_t cap_bytes = iso->readback.memory_bytes.value; /* 0 when there is none */

	s->fd[WATCH_OOM] = iso->backend->oom_event_fd(iso, NULL);
	s->stats.oom_fd_ok = s->fd[WATCH_OOM] >= 0;
	for (size_t i = 0; i < THRESHOLDS; i++)
		s->fd[WATCH_THRESHOLD + i] =
			cap_bytes ? iso->backend->threshold_fd(iso, cap_bytes / 100 * thresholds_percent[i], NULL) : -1;
	for (enum watched i = 0; i < WATCHED; i++)
		watch(s, EPOLL_CTL_ADD, i);
}

static void release(struct sampler *s)
{
	for (size_t i = 0; i < WATCHED; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	process_set_release(&s->processes);
	if (s->reader)
		s->options.isolation->backend->reader_close(s->reader);
	if (s->lateness)
		gsl_histogram_free(s->lateness);
	ring_release(&s->ring);
	free(s);
}

static int open_all(struct sampler *s, struct error *err)
{
	double edges[LATENESS_BINS + 1] = { 0 };
	struct epoll_event event;

	for (size_t i = 1; i <= LATENESS_BINS; i++)
		edges[i] = pow(LATENESS_STEP, (double)(i - 1));
	s->lateness = gsl_histogram_alloc(LATENESS_BINS);
	gsl_histogram_set_ranges(s->lateness, edges, LATENESS_BINS + 1);

	if (s->options.isolation->backend->reader_open(s->options.isolation, &s->reader, err) < 0)
		return -1;
	s->fd[WATCH_STOP] = eventfd(0, EFD_CLOEXEC);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->fd[WATCH_STOP] < 0 || s->epoll_fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make an event descriptor");
	if (epoll_pwait2(s->epoll_fd, &event, 1, &(struct timespec){ 0 }, NULL) < 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot wait with epoll_pwait2 (Linux 5.11)");
	open_events(s);
	return 0;
}

int sampler_start(struct sampler **out, const struct sampler_options *options, struct error *err)
{
	struct sampler *s = xcalloc(1, sizeof(*s));
	sigset_t all, before;
	int rc;

	s->options = *options;
	s->main_pid = options->main_pid;
	s->period_ns = NS_PER_S / (options->hz ? options->hz : 1);
	ring_init(&s->ring);
	process_set_init(&s->processes);
	s->epoll_fd = -1;
	s->seen[s->seen_count++] = options->main_pid;
	for (size_t i = 0; i < WATCHED; i++)
		s->fd[i] = -1;
	if (open_all(s, err) < 0) {
		release(s);
		return error_prefix(err, "cannot start the sampler");
	}
	/* Signals belong to the main thread's loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = disk_watch_start(&s->disk, options->data_dir, options->tmp_dir, err);
	if (rc == 0 && (rc = pthread_create(&s->thread, NULL, run, s)) != 0) {
		disk_watch_stop(&s->disk);
		error_set_errno(err, ERROR_SYSTEM, rc, "cannot start its thread");
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		release(s);
		return error_prefix(err, "cannot start the sampler");
	}
	*out = s;
	return 0;
}

void sampler_set_main(struct sampler *s, pid_t main_pid)
{
	s->main_pid = main_pid;
}

void sampler_drain(struct sampler *s, void (*fn)(void *arg, const struct sample *sample), void *arg)
{
	const struct sample *sample;

	while ((sample = ring_front(&s->ring))) {
		fn(arg, sample);
		ring_pop(&s->ring);
	}
}

/* The upper edge of the bin that holds the quantile. */
static uint64_t quantile_ns(const struct sampler *s, double q)
{
	const gsl_histogram *h = s->lateness;
	double rank = q * gsl_histogram_sum(h), seen = 0;

	for (size_t i = 0; i < gsl_histogram_bins(h); i++) {
		seen += gsl_histogram_get(h, i);
		if (seen > 0 && seen >= rank) {
			uint64_t edge_ns = (uint64_t)(h->range[i + 1] * (double)NS_PER_US);

			return edge_ns < s->stats.lateness_max_ns ? edge_ns : s->stats.lateness_max_ns;
		}
	}
	return 0;
}

void sampler_stop(struct sampler *s)
{
	if (s->stopped)
		return;
	s->stopped = true;
	disk_watch_stop(&s->disk); /* first: the last sample then has the final figures */
	eventfd_write(s->fd[WATCH_STOP], 1);
	pthread_join(s->thread, NULL);
	s->stats.cpu_ns += s->disk.cpu_ns;
	s->stats.lateness_p50_ns = quantile_ns(s, 0.50);
	s->stats.lateness_p99_ns = quantile_ns(s, 0.99);
}

void sampler_stats(const struct sampler *s, struct sampler_stats *out)
{
	*out = s->stats;
}

const pid_t *sampler_pids(const struct sampler *s, size_t *count)
{
	*count = s->seen_count;
	return s->seen;
}

const struct oom_snapshot *sampler_at_oom(const struct sampler *s)
{
	return s->at_oom.sample.t_ns != 0 ? &s->at_oom : NULL;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	sampler_stop(s);
	release(s);
}
