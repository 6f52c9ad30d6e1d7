/*
 * cgroup_v2 - a group of the v2 hierarchy around the server.
 * Control files: Linux Documentation/admin-guide/cgroup-v2.rst.
 *
 * Groups are made, limited, joined and removed through libcgroup (memcg.h).
 * It has no words for what is done with plain files here: reading without
 * opening and allocating, limits that read "max", watching memory.events, what
 * is in control_v2.h, and where a rig that is not root may make a group
 * (delegation.h).  Where a systemd manager runs, it is asked first (scope.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "isolation/backend.h"
#include "isolation/control_v2.h"
#include "isolation/delegation.h"
#include "isolation/memcg.h"
#include "isolation/memory_v2.h"
#include "isolation/scope.h"
#include "isolation/subgroups.h"

#define LIMIT "memory.max"
#define SWAP_LIMIT "memory.swap.max"
#define HIGH "memory.high"
#define OOM_GROUP "memory.oom.group"
#define EVENTS "memory.events"

struct group {
	struct isolation base;
	struct delegation delegation;
	char path[PATH_MAX]; /* below the mount point: libcgroup's name of it */
	int dir_fd;	     /* the group's folder */
};

struct isolation_reader {
	struct memory_files memory;
	int dir_fd;    /* borrowed from the group */
	uint64_t ooms; /* when last told */
};

static int v2_find(struct error *err)
{
	if (memcg_init(err) < 0)
		return -1;
	return memcg_version() == 2 ? 0
				    : error_set(err, ERROR_ENVIRONMENT, "cgroup v1 has the memory controller, at '%s'",
						memcg_root());
}

static void set_path(char path[PATH_MAX], const struct delegation *d, const char *name)
{
	snprintf(path, PATH_MAX, "%s%s%s", d->place, d->place[0] ? "/" : "", name);
}

/* Opens the folder of a group that exists. */
static int open_dir(struct group *g, struct error *err)
{
	char *dir = xasprintf("%s/%s", memcg_root(), g->path);
	int rc = 0;

	g->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->dir_fd < 0)
		rc = error_set_errno(err, ERROR_SYSTEM, errno, "cannot open group '%s'", dir);
	free(dir);
	return rc;
}

/* Writes one limit and reads it back: the kernel rounds down to whole pages and must do nothing else. */
static int set_limit(struct group *g, const char *file, uint64_t bytes, struct fact *readback, struct error *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (memcg_write(g->path, file, bytes, err) < 0)
		return -1;
	*readback = memory_v2_limit_at(g->dir_fd, file);
	if (!fact_known(*readback))
		return error_set(err, ERROR_SYSTEM, "cannot read '%s' of '%s' back", file, g->path);
	if (readback->value != bytes / page * page)
		return error_set(err, ERROR_SYSTEM, "'%s' of '%s' is %llu after writing %llu", file, g->path,
				 (unsigned long long)readback->value, (unsigned long long)bytes);
	return 0;
}

/* Memory and swap together, the word that both versions share: v2 limits the two one by one. */
static struct fact both_limits(struct fact memory, struct fact swap)
{
	struct fact sum = { FACT_KNOWN, 0 };

	if (!fact_known(memory) || !fact_known(swap))
		return swap.state == FACT_ABSENT ? swap : FACT_BROKEN;
	if (__builtin_add_overflow(memory.value, swap.value, &sum.value))
		sum.value = UINT64_MAX;
	return sum;
}

/* Linux 4.19. */
static int kill_as_one(struct group *g, struct error *err)
{
	struct fact now;

	if (memcg_write(g->path, OOM_GROUP, 1, err) < 0)
		return -1;
	now = memory_files_value_at(g->dir_fd, OOM_GROUP);
	if (fact_known(now) && now.value == 1)
		return 0;
	return error_set(err, ERROR_SYSTEM, "'%s' of '%s' is not 1 after writing it", OOM_GROUP, g->path);
}

static int apply_limits(struct group *g, struct error *err)
{
	struct isolation_readback *rb = &g->base.readback;
	bool swap_accounted = memory_v2_limit_at(g->dir_fd, SWAP_LIMIT).state != FACT_ABSENT;
	struct fact swap = FACT_NONE;

	if (rb->asked.high_bytes && set_limit(g, HIGH, rb->asked.high_bytes, &rb->high_bytes, err) < 0)
		return -1;
	if (rb->asked.oom_group && kill_as_one(g, err) < 0)
		return -1;
	if (rb->asked.memory_bytes == 0)
		return 0;
	if (set_limit(g, LIMIT, rb->asked.memory_bytes, &rb->memory_bytes, err) < 0 ||
	    isolation_check_swap(&rb->asked, swap_accounted, err) < 0)
		return -1;
	if (swap_accounted && set_limit(g, SWAP_LIMIT, rb->asked.swap_bytes, &swap, err) < 0)
		return -1;
	rb->memory_swap_bytes = both_limits(rb->memory_bytes, swap);
	return 0;
}

/* With mkdir(2): libcgroup also wants to write to the groups above, which need not be the rig's. */
static int make(const char *path, struct error *err)
{
	char *dir = xasprintf("%s/%s", memcg_root(), path);
	int rc = 0;

	if (mkdir(dir, 0755) != 0)
		rc = error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot make group '%s'", dir);
	free(dir);
	return rc;
}

static int v2_open(const char *name, const struct isolation_limits *limits, struct isolation **out, struct error *err)
{
	const char *unit;
	struct group *g;

	if (v2_find(err) < 0)
		return -1;
	g = xcalloc(1, sizeof(*g));
	isolation_init(&g->base, &isolation_cgroup_v2, name, limits);
	if (scope_enter(&unit, &g->base.placement, err) < 0 ||
	    delegation_enter(&g->delegation, memcg_root(), unit, err) < 0) {
		free(g);
		return -1;
	}
	set_path(g->path, &g->delegation, name);
	if (make(g->path, err) < 0) {
		delegation_leave(&g->delegation, memcg_root());
		free(g);
		return -1;
	}
	if (open_dir(g, err) < 0 || apply_limits(g, err) < 0) {
		isolation_cgroup_v2.close(&g->base, NULL);
		return -1;
	}
	*out = &g->base;
	return 0;
}

static int v2_probe(struct error *err)
{
	struct isolation_limits limits = { .memory_bytes = 64 << 20 };
	struct isolation *iso;

	/* What would be done for a run, and nothing less, shows that it can be done. */
	if (isolation_open(&isolation_cgroup_v2, &limits, &iso, err) < 0)
		return -1;
	return isolation_cgroup_v2.close(iso, err);
}

static int v2_join(const char *name, struct error *err)
{
	struct delegation d;
	char path[PATH_MAX];

	if (v2_find(err) < 0 || delegation_find(&d, memcg_root(), name, err) < 0)
		return -1;
	set_path(path, &d, name);
	return memcg_join(path, err);
}

/*
 * By the name alone, which no other group has: how much of the path above it
 * is shown depends on the cgroup namespace.  libcgroup does not look up v2
 * groups of a process.  Groups that the server makes below are inside too.
 */
static int v2_contains(struct isolation *iso, pid_t pid)
{
	char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	struct buf text = BUF_INIT;
	size_t len = strlen(iso->name);
	int inside = -1;

	if (fs_read_file(file, &text, NULL) == 0 && text.len > 0) {
		const char *at = strstr(text.data, iso->name);

		inside = at && at[-1] == '/' && strchr("/\n ", at[len]) != NULL;
	}
	free(file);
	buf_release(&text);
	return inside;
}

static int v2_pids(struct isolation *iso, pid_t *out, size_t max, struct error *err)
{
	int count = subgroups_pids(((struct group *)iso)->dir_fd, out, max);

	if (count < 0)
		error_set_errno(err, ERROR_SYSTEM, errno, "cannot list processes of group '%s'", iso->name);
	return count;
}

static int v2_reader_open(struct isolation *iso, struct isolation_reader **out, struct error *err)
{
	struct isolation_reader *r = xcalloc(1, sizeof(*r));

	r->dir_fd = ((struct group *)iso)->dir_fd;
	if (memory_v2_open(&r->memory, r->dir_fd, err) < 0) {
		free(r);
		return error_prefix(err, "group '%s'", iso->name);
	}
	r->ooms = memory_v2_read_ooms(&r->memory).value; /* 0 where unreadable */
	*out = r;
	return 0;
}

static void v2_reader_read(struct isolation_reader *r, struct memory_sample *out)
{
	memory_files_read(&r->memory, out);
}

static int v2_reader_pids(struct isolation_reader *r, pid_t *out, size_t max)
{
	return subgroups_pids(r->dir_fd, out, max);
}

static void v2_reader_close(struct isolation_reader *r)
{
	if (r)
		memory_files_close(&r->memory);
	free(r);
}

/*
 * A change of memory.events is a file modified event.  The kernel tells of
 * each file at most every 10 ms (kernel/cgroup/cgroup.c,
 * CGROUP_FILE_NOTIFY_MIN_INTV), and of every reclaim at the limit as well.
 */
static int v2_oom_event_fd(struct isolation *iso, struct error *err)
{
	char *file = xasprintf("%s/%s/" EVENTS, memcg_root(), ((struct group *)iso)->path);
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, file, IN_MODIFY) < 0) {
		error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot watch '%s'", file);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	free(file);
	return fd;
}

static uint64_t v2_oom_event_take(struct isolation_reader *r, int fd)
{
	char events[8 * sizeof(struct inotify_event)]; /* of a file: without a name */
	struct fact ooms;
	uint64_t rise;

	while (read(fd, events, sizeof(events)) > 0)
		;
	ooms = memory_v2_read_ooms(&r->memory);
	if (!fact_known(ooms) || ooms.value <= r->ooms)
		return 0;
	rise = ooms.value - r->ooms;
	r->ooms = ooms.value;
	return rise;
}

static int v2_threshold_fd(struct isolation *iso, uint64_t usage_bytes, struct error *err)
{
	(void)usage_bytes;
	return error_set(err, ERROR_ENVIRONMENT, "cgroup v2 has no event for the usage of '%s'", iso->name);
}

static int v2_squeeze(struct isolation *iso, struct error *err)
{
	int failed = control_v2_squeeze(((struct group *)iso)->dir_fd, iso->readback.high_bytes);

	return failed ? error_set_errno(err, ERROR_SYSTEM, failed, "cannot take back the page cache of '%s'", iso->name)
		      : 0;
}

static int v2_kill(struct isolation *iso, struct error *err)
{
	return control_v2_kill(((struct group *)iso)->dir_fd) ? 0 : isolation_kill_all(iso, err);
}

static int v2_final(struct isolation *iso, struct isolation_final *out, struct error *err)
{
	int dir_fd = ((struct group *)iso)->dir_fd;
	struct memory_files memory;

	if (memory_v2_open(&memory, dir_fd, err) < 0)
		return error_prefix(err, "group '%s'", iso->name);
	memory_files_read(&memory, &out->memory);
	memory_files_close(&memory);
	out->peak_usage_bytes = memory_files_value_at(dir_fd, "memory.peak"); /* Linux 5.19 */
	out->oom_kill = out->memory.field[MEMORY_OOM_KILL];
	out->limit_hits = out->memory.field[MEMORY_LIMIT_HITS];
	out->oom_group = memory_files_value_at(dir_fd, OOM_GROUP);
	out->high_bytes = iso->readback.asked.high_bytes ? memory_v2_limit_at(dir_fd, HIGH) : FACT_NONE;
	out->limit_bytes = out->swap_limit_bytes = FACT_NONE;
	if (iso->readback.asked.memory_bytes != 0) {
		out->limit_bytes = memory_v2_limit_at(dir_fd, LIMIT);
		out->swap_limit_bytes = both_limits(out->limit_bytes, memory_v2_limit_at(dir_fd, SWAP_LIMIT));
	}
	return 0;
}

static int v2_remove(struct isolation *iso, struct error *err)
{
	struct group *g = (struct group *)iso;

	return v2_kill(iso, err) < 0 || subgroups_end(g->dir_fd, iso->name, err) < 0 ? -1 : memcg_delete(g->path, err);
}

static int v2_close(struct isolation *iso, struct error *err)
{
	struct group *g = (struct group *)iso;
	int rc = v2_remove(iso, err);

	delegation_leave(&g->delegation, memcg_root());
	if (g->dir_fd >= 0)
		close(g->dir_fd);
	free(g);
	return rc;
}

struct cleaning {
	const struct delegation *place;
	struct isolation_leftovers *leftovers;
};

static int clean_one(void *arg, const char *name, struct error *err)
{
	const struct cleaning *c = arg;
	struct isolation_limits none = { 0 };
	struct group *g = xcalloc(1, sizeof(*g));
	int inside = -1;

	isolation_init(&g->base, &isolation_cgroup_v2, name, &none);
	set_path(g->path, c->place, name);
	if (open_dir(g, err) == 0)
		inside = v2_pids(&g->base, NULL, 0, err);
	if (inside >= 0 && c->leftovers->remove)
		return v2_close(&g->base, err) < 0 ? -1 : inside;
	if (g->dir_fd >= 0)
		close(g->dir_fd);
	free(g);
	return inside;
}

static void look_at(void *arg, const char *name)
{
	struct cleaning *c = arg;

	isolation_clean_one(c->leftovers, &isolation_cgroup_v2, name, clean_one, c);
}

static int v2_clean(struct isolation_leftovers *leftovers, struct error *err)
{
	struct delegation place;
	struct cleaning c = { .place = &place, .leftovers = leftovers };
	int rc;

	/*
	 * Where a rig like this one would have made them directly; elsewhere process ids may be those of another
	 * namespace.  What was in a scope has gone with it.
	 */
	if (v2_find(err) < 0 || delegation_enter(&place, memcg_root(), NULL, err) < 0)
		return -1;
	rc = memcg_each(place.place, look_at, &c, err);
	delegation_leave(&place, memcg_root());
	return rc;
}

const struct isolation_backend isolation_cgroup_v2 = {
	.name = "cgroup-v2",
	.summary = "a memory cap by the cgroup v2 memory controller",
	.caps_memory = true,
	.slows_and_kills_as_one = true,
	.probe = v2_probe,
	.open = v2_open,
	.join = v2_join,
	.contains = v2_contains,
	.pids = v2_pids,
	.reader_open = v2_reader_open,
	.reader_read = v2_reader_read,
	.reader_pids = v2_reader_pids,
	.reader_close = v2_reader_close,
	.oom_event_fd = v2_oom_event_fd,
	.oom_event_take = v2_oom_event_take,
	.threshold_fd = v2_threshold_fd,
	.squeeze = v2_squeeze,
	.kill = v2_kill,
	.final = v2_final,
	.remove = v2_remove,
	.close = v2_close,
	.clean = v2_clean,
};
