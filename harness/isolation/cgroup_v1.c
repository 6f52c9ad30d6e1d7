/*
 * cgroup_v1 - a group of the v1 memory controller around the server.
 * Control files: Linux Documentation/admin-guide/cgroup-v1/memory.rst.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "isolation/backend.h"
#include "isolation/memcg.h"
#include "isolation/memory_v1.h"
#include "isolation/proc_stat.h"
#include "isolation/subgroups.h"

#define LIMIT "memory.limit_in_bytes"
#define MEMSW_LIMIT "memory.memsw.limit_in_bytes"
#define SWAPPINESS "memory.swappiness"
#define OOM_CONTROL "memory.oom_control"
#define SQUEEZE_TRIES 5

struct group {
	struct isolation base;
	int dir_fd; /* the group's folder */
};

struct isolation_reader {
	struct memory_files memory;
	int dir_fd; /* borrowed from the group */
};

static int v1_find(struct error *err)
{
	if (memcg_init(err) < 0)
		return -1;
	return memcg_version() == 1 ? 0
				    : error_set(err, ERROR_ENVIRONMENT,
						"the memory controller at '%s' is not cgroup v1", memcg_root());
}

static int open_dir(struct group *g, struct error *err)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", memcg_root(), g->base.name);
	g->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->dir_fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open group '%s'", path);
	return 0;
}

/* Writes one limit and reads it back: the kernel rounds down to whole pages and must do nothing else. */
static int set_limit(const char *name, const char *file, uint64_t bytes, struct fact *readback, struct error *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (memcg_write(name, file, bytes, err) < 0)
		return -1;
	*readback = memcg_read(name, file);
	if (!fact_known(*readback))
		return error_set(err, ERROR_SYSTEM, "cannot read '%s' of '%s' back", file, name);
	if (readback->value != bytes / page * page)
		return error_set(err, ERROR_SYSTEM, "'%s' of '%s' is %llu after writing %llu", file, name,
				 (unsigned long long)readback->value, (unsigned long long)bytes);
	return 0;
}

/*
 * Swap is held at 0 by memsw (memory and swap together) = memory, or allowed up
 * to swap_bytes.  The memory limit is written first: a new group has no memsw
 * limit, and a memory limit above memsw is EINVAL.
 */
static int limit_swap(const char *name, const struct isolation_limits *limits, struct isolation_readback *rb,
		      struct error *err)
{
	bool accounted = memcg_read(name, MEMSW_LIMIT).state != FACT_ABSENT;

	if (isolation_check_swap(limits, accounted, err) < 0)
		return -1;
	if (!accounted)
		return 0; /* nothing to hold back; the readback stays absent */
	return set_limit(name, MEMSW_LIMIT, limits->memory_bytes + limits->swap_bytes, &rb->memory_swap_bytes, err);
}

static int apply_limits(struct group *g, struct error *err)
{
	struct isolation_readback *rb = &g->base.readback;
	const struct isolation_limits *limits = &rb->asked;
	const char *name = g->base.name;

	if (limits->memory_bytes) {
		if (set_limit(name, LIMIT, limits->memory_bytes, &rb->memory_bytes, err) < 0 ||
		    limit_swap(name, limits, rb, err) < 0)
			return -1;
		/* memsw does not keep the machine's own reclaim from swapping the group out; this does. */
		if (limits->swap_bytes == 0 && memcg_write(name, SWAPPINESS, 0, err) < 0)
			return -1;
	}
	rb->swappiness = memcg_read(name, SWAPPINESS);
	if (limits->memory_bytes && limits->swap_bytes == 0 && (!fact_known(rb->swappiness) || rb->swappiness.value))
		return error_set(err, ERROR_SYSTEM, "'%s' of '%s' is not 0 after writing it", SWAPPINESS, name);
	/* Inherited from the parent; with it a process freezes at the limit and never dies. */
	return memcg_write(name, OOM_CONTROL, 0, err);
}

static int v1_open(const char *name, const struct isolation_limits *limits, struct isolation **out, struct error *err)
{
	struct group *g;

	if (v1_find(err) < 0 || memcg_create(name, err) < 0)
		return -1;
	g = xcalloc(1, sizeof(*g));
	isolation_init(&g->base, &isolation_cgroup_v1, name, limits);
	if (open_dir(g, err) < 0) {
		memcg_delete(name, NULL);
		free(g);
		return -1;
	}
	if (apply_limits(g, err) < 0) {
		isolation_cgroup_v1.close(&g->base, NULL);
		return -1;
	}
	*out = &g->base;
	return 0;
}

static int v1_probe(struct error *err)
{
	struct isolation_limits limits = { .memory_bytes = 64 << 20 };
	struct isolation *iso;

	if (v1_find(err) < 0)
		return -1;
	if (access(memcg_root(), W_OK) != 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno,
				       "cannot make groups in '%s'; run as root, or type: mount -o remount,rw %s",
				       memcg_root(), memcg_root());
	/* What would be done for a run, and nothing less, shows that it can be done. */
	if (isolation_open(&isolation_cgroup_v1, &limits, &iso, err) < 0)
		return -1;
	return isolation_cgroup_v1.close(iso, err);
}

static int v1_join(const char *name, struct error *err)
{
	return v1_find(err) < 0 ? -1 : memcg_join(name, err);
}

/* Of one thread: 1, 0, or -1 when it is not there. */
static int thread_inside(const struct isolation *iso, pid_t tid)
{
	char *path;
	int inside;

	if (cgroup_get_current_controller_path(tid, "memory", &path) != 0)
		return -1;
	inside = path[0] == '/' && strcmp(path + 1, iso->name) == 0;
	free(path);
	return inside;
}

/* On v1 a thread that is exiting shows up in the root group (kernel/cgroup/cgroup.c, proc_cgroup_show): it says
 * nothing. */
static int living_thread_inside(const struct isolation *iso, pid_t tid)
{
	struct proc_stat p;
	int inside = thread_inside(iso, tid);

	if (inside != 0)
		return inside;
	return proc_stat_read(tid, &p) < 0 || p.thread_ended ? -1 : 0;
}

/* The first that says something speaks for all; -1 when none does, as in a process that is being killed. */
static int any_thread_inside(const struct isolation *iso, pid_t pid)
{
	char *path = xasprintf("/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	struct dirent *entry;
	int inside = -1;

	while (threads != NULL && inside < 0 && (entry = readdir(threads)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			inside = living_thread_inside(iso, atoi(entry->d_name));
	if (threads != NULL)
		closedir(threads);
	free(path);
	return inside;
}

static int v1_contains(struct isolation *iso, pid_t pid)
{
	int inside = living_thread_inside(iso, pid);

	return inside < 0 ? any_thread_inside(iso, pid) : inside;
}

/* kernfs gives a folder two links and one for each folder in it. */
static bool v1_divided(struct isolation *iso)
{
	struct stat st;

	return fstat(((struct group *)iso)->dir_fd, &st) == 0 && st.st_nlink > 2;
}

static int v1_pids(struct isolation *iso, pid_t *out, size_t max, struct error *err)
{
	return memcg_pids(iso->name, out, max, err);
}

/* libcgroup has no way to read without opening and allocating: plain descriptors for what the sampler does. */
static int v1_reader_open(struct isolation *iso, struct isolation_reader **out, struct error *err)
{
	struct isolation_reader *r = xcalloc(1, sizeof(*r));

	r->dir_fd = ((struct group *)iso)->dir_fd;
	if (memory_v1_open(&r->memory, r->dir_fd, err) < 0) {
		free(r);
		return error_prefix(err, "group '%s'", iso->name);
	}
	*out = r;
	return 0;
}

static void v1_reader_read(struct isolation_reader *r, struct memory_sample *out)
{
	memory_files_read(&r->memory, out);
}

static int v1_reader_pids(struct isolation_reader *r, pid_t *out, size_t max)
{
	/*
	 * Opened each time: the kernel keeps the list with the open file and hands out the old one for as long as
	 * it is asked for at least once a second (kernel/cgroup/cgroup-v1.c, CGROUP_PIDLIST_DESTROY_DELAY).
	 */
	return isolation_read_pids(r->dir_fd, out, max);
}

static void v1_reader_close(struct isolation_reader *r)
{
	if (r)
		memory_files_close(&r->memory);
	free(r);
}

/*
 * Registers an eventfd with cgroup.event_control (memory.rst, sections 9 to
 * 11), which libcgroup does not know: "<eventfd> <fd of the file> <argument>".
 */
static int event_fd(struct isolation *iso, const char *file, const char *argument, struct error *err)
{
	int dir_fd = ((struct group *)iso)->dir_fd;
	int watched = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	int control = openat(dir_fd, "cgroup.event_control", O_WRONLY | O_CLOEXEC);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char line[96];
	int len = snprintf(line, sizeof(line), "%d %d %s", fd, watched, argument);

	if (watched < 0 || control < 0 || fd < 0 || write(control, line, (size_t)len) != len) {
		error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot watch '%s' of '%s'", file, iso->name);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	if (watched >= 0)
		close(watched);
	if (control >= 0)
		close(control);
	return fd;
}

static int v1_oom_event_fd(struct isolation *iso, struct error *err)
{
	return event_fd(iso, OOM_CONTROL, "", err);
}

static uint64_t v1_oom_event_take(struct isolation_reader *r, int fd)
{
	eventfd_t count;

	(void)r;
	return eventfd_read(fd, &count) == 0 ? count : 0;
}

static int v1_threshold_fd(struct isolation *iso, uint64_t usage_bytes, struct error *err)
{
	char argument[24];

	snprintf(argument, sizeof(argument), "%llu", (unsigned long long)usage_bytes);
	return event_fd(iso, "memory.usage_in_bytes", argument, err);
}

/*
 * force_empty reclaims until nothing more comes back, then says success; the
 * caller reads the figures again to see what stayed.  Lowering the limit
 * instead would have the next allocation of the living server killed by us.
 */
static int v1_squeeze(struct isolation *iso, struct error *err)
{
	int fd = openat(((struct group *)iso)->dir_fd, "memory.force_empty", O_WRONLY | O_CLOEXEC);
	int write_errno = EINTR;

	if (fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open 'memory.force_empty' of '%s'", iso->name);
	/* Plainly written, because EINTR (a signal came in between) and EBUSY (pages under I/O) only mean: again. */
	for (int i = 0; i < SQUEEZE_TRIES && (write_errno == EINTR || write_errno == EBUSY); i++)
		write_errno = write(fd, "0", 1) == 1 ? 0 : errno;
	close(fd);
	if (write_errno)
		return error_set_errno(err, ERROR_SYSTEM, write_errno, "cannot take back the page cache of '%s'",
				       iso->name);
	return 0;
}

static int v1_final(struct isolation *iso, struct isolation_final *out, struct error *err)
{
	int dir_fd = ((struct group *)iso)->dir_fd;
	struct memory_files memory;

	if (memory_v1_open(&memory, dir_fd, err) < 0)
		return error_prefix(err, "group '%s'", iso->name);
	memory_files_read(&memory, &out->memory);
	memory_files_close(&memory);
	out->peak_usage_bytes = memory_files_value_at(dir_fd, "memory.max_usage_in_bytes");
	out->oom_kill = out->memory.field[MEMORY_OOM_KILL];
	out->limit_hits = out->memory.field[MEMORY_LIMIT_HITS];
	out->limit_bytes = out->swap_limit_bytes = out->high_bytes = out->oom_group = FACT_NONE;
	if (iso->readback.asked.memory_bytes != 0) {
		out->limit_bytes = memory_files_value_at(dir_fd, "memory.limit_in_bytes");
		out->swap_limit_bytes = memory_files_value_at(dir_fd, "memory.memsw.limit_in_bytes");
	}
	return 0;
}

/* Once more after what the server made below its group: a process may have come from there meanwhile. */
static int end_all(struct group *g, struct error *err)
{
	if (isolation_kill_all(&g->base, err) < 0 || subgroups_end(g->dir_fd, g->base.name, err) < 0)
		return -1;
	return isolation_kill_all(&g->base, err);
}

static int v1_remove(struct isolation *iso, struct error *err)
{
	return end_all((struct group *)iso, err) < 0 ? -1 : memcg_delete(iso->name, err);
}

static int v1_close(struct isolation *iso, struct error *err)
{
	struct group *g = (struct group *)iso;
	int rc = v1_remove(iso, err);

	close(g->dir_fd);
	free(g);
	return rc;
}

static int clean_one(void *arg, const char *name, struct error *err)
{
	const struct isolation_leftovers *leftovers = arg;
	struct isolation_limits none = { 0 };
	struct group *g = xcalloc(1, sizeof(*g));
	int inside = -1;

	isolation_init(&g->base, &isolation_cgroup_v1, name, &none);
	if (open_dir(g, err) == 0)
		inside = subgroups_pids(g->dir_fd, NULL, 0);
	if (inside >= 0 && leftovers->remove)
		return v1_close(&g->base, err) < 0 ? -1 : inside;
	if (g->dir_fd >= 0)
		close(g->dir_fd);
	free(g);
	return inside;
}

static void look_at(void *arg, const char *name)
{
	isolation_clean_one(arg, &isolation_cgroup_v1, name, clean_one, arg);
}

static int v1_clean(struct isolation_leftovers *leftovers, struct error *err)
{
	return v1_find(err) < 0 ? -1 : memcg_each("", look_at, leftovers, err);
}

const struct isolation_backend isolation_cgroup_v1 = {
	.name = "cgroup-v1",
	.summary = "a memory cap by the cgroup v1 memory controller",
	.caps_memory = true,
	.probe = v1_probe,
	.open = v1_open,
	.join = v1_join,
	.contains = v1_contains,
	.divided = v1_divided,
	.pids = v1_pids,
	.reader_open = v1_reader_open,
	.reader_read = v1_reader_read,
	.reader_pids = v1_reader_pids,
	.reader_close = v1_reader_close,
	.oom_event_fd = v1_oom_event_fd,
	.oom_event_take = v1_oom_event_take,
	.threshold_fd = v1_threshold_fd,
	.squeeze = v1_squeeze,
	.kill = isolation_kill_all,
	.final = v1_final,
	.remove = v1_remove,
	.close = v1_close,
	.clean = v1_clean,
};
