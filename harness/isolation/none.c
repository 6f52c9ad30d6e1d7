/*
 * none - no group and no cap.  The figures of a group are absent; what the
 * processes show of themselves is read by the sampler as everywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "isolation/backend.h"
#include "isolation/proc_stat.h"

/* A scan reads a file per process of the host (a few µs each), hence so rarely on the sampler thread. */
#define READER_SCAN_INTERVAL_NS NS_PER_S

struct none {
	struct isolation base;
	struct proc_tree tree; /* main thread */
};

struct isolation_reader {
	const struct none *group;
	struct proc_tree tree; /* sampler thread */
	uint64_t scanned_ns;
};

static int none_probe(struct error *err)
{
	struct proc_stat self;

	if (proc_stat_read(1, &self) == 0)
		return 0;
	return error_set(err, ERROR_ENVIRONMENT, "cannot read '/proc/1/stat'; type: mount -t proc proc /proc");
}

static int none_open(const char *name, const struct isolation_limits *limits, struct isolation **out, struct error *err)
{
	struct none *n = xcalloc(1, sizeof(*n));

	(void)err;
	isolation_init(&n->base, &isolation_none, name, limits);
	*out = &n->base;
	return 0;
}

static int none_join(const char *name, struct error *err)
{
	(void)name;
	(void)err;
	return 0;
}

static int scan(const struct isolation *iso, struct proc_tree *tree, struct error *err)
{
	pid_t main_pid = iso->main_pid;

	if (main_pid == 0)
		return 0; /* nothing was started yet */
	return proc_tree_scan(tree, main_pid, iso->main_start_ticks, err);
}

static int none_contains(struct isolation *iso, pid_t pid)
{
	struct none *n = (struct none *)iso;
	struct proc_stat p;

	if (scan(iso, &n->tree, NULL) < 0)
		return -1;
	if (proc_tree_has(&n->tree, pid))
		return 1;
	return proc_stat_read(pid, &p) < 0 ? -1 : 0;
}

static int none_pids(struct isolation *iso, pid_t *out, size_t max, struct error *err)
{
	struct none *n = (struct none *)iso;

	return scan(iso, &n->tree, err) < 0 ? -1 : proc_tree_pids(&n->tree, out, max);
}

static int none_reader_open(struct isolation *iso, struct isolation_reader **out, struct error *err)
{
	struct isolation_reader *r = xcalloc(1, sizeof(*r));

	(void)err;
	r->group = (const struct none *)iso;
	*out = r;
	return 0;
}

static void none_reader_read(struct isolation_reader *r, struct memory_sample *out)
{
	(void)r;
	memset(out, 0, sizeof(*out)); /* FACT_ABSENT is 0 */
}

static int none_reader_pids(struct isolation_reader *r, pid_t *out, size_t max)
{
	uint64_t now = clock_ns();

	if (r->scanned_ns == 0 || now - r->scanned_ns >= READER_SCAN_INTERVAL_NS) {
		if (scan(&r->group->base, &r->tree, NULL) < 0)
			return -1;
		r->scanned_ns = now;
	}
	return proc_tree_pids(&r->tree, out, max);
}

static void none_reader_close(struct isolation_reader *r)
{
	if (r)
		proc_tree_release(&r->tree);
	free(r);
}

static int none_oom_event_fd(struct isolation *iso, struct error *err)
{
	(void)iso;
	return error_set(err, ERROR_ENVIRONMENT, "isolation 'none' has no event for an OOM");
}

static uint64_t none_oom_event_take(struct isolation_reader *r, int fd)
{
	(void)r;
	(void)fd;
	return 0;
}

static int none_threshold_fd(struct isolation *iso, uint64_t usage_bytes, struct error *err)
{
	(void)iso;
	(void)usage_bytes;
	return error_set(err, ERROR_ENVIRONMENT, "isolation 'none' has no usage to watch");
}

static int none_squeeze(struct isolation *iso, struct error *err)
{
	(void)iso;
	return error_set(err, ERROR_ENVIRONMENT, "isolation 'none' has no page cache of its own to give back");
}

static int none_final(struct isolation *iso, struct isolation_final *out, struct error *err)
{
	(void)iso;
	(void)err;
	memset(out, 0, sizeof(*out)); /* all absent */
	return 0;
}

static int none_close(struct isolation *iso, struct error *err)
{
	struct none *n = (struct none *)iso;

	(void)err;
	proc_tree_release(&n->tree);
	free(n);
	return 0;
}

static int none_clean(struct isolation_leftovers *leftovers, struct error *err)
{
	(void)leftovers;
	(void)err;
	return 0; /* leaves nothing behind that could be found */
}

const struct isolation_backend isolation_none = {
	.name = "none",
	.summary = "no cap; process figures only",
	.caps_memory = false,
	.probe = none_probe,
	.open = none_open,
	.join = none_join,
	.contains = none_contains,
	.pids = none_pids,
	.reader_open = none_reader_open,
	.reader_read = none_reader_read,
	.reader_pids = none_reader_pids,
	.reader_close = none_reader_close,
	.oom_event_fd = none_oom_event_fd,
	.oom_event_take = none_oom_event_take,
	.threshold_fd = none_threshold_fd,
	.squeeze = none_squeeze,
	.kill = isolation_kill_all,
	.final = none_final,
	.remove = isolation_kill_all,
	.close = none_close,
	.clean = none_clean,
};
