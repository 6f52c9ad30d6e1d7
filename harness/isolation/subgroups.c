#include "isolation/subgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/walk.h"
#include "isolation/backend.h"

#define REMOVE_DEADLINE_NS (2 * NS_PER_S)
#define SHOWN_NAME_MAX 80

/* The server, or another `clean`, has just removed it; or it hides below a mount, which the rig takes off at its end.
 */
static bool skip(void *arg, struct walk *w, int dir_fd, const char *name, int error)
{
	(void)arg;
	(void)w;
	(void)dir_fd;
	(void)name;
	(void)error;
	return false;
}

struct listing {
	pid_t *out;
	size_t max, count;
	int error; /* errno, 0: none */
};

static void list_one(void *arg, struct walk *w, int fd)
{
	struct listing *l = arg;
	size_t taken = l->count < l->max ? l->count : l->max;
	int found = isolation_read_pids(fd, l->out ? l->out + taken : NULL, l->max - taken);

	(void)w;
	/* EOPNOTSUPP: a threaded group; its processes are listed by the one above.  ENODEV: it is being removed. */
	if (found < 0 && errno != EOPNOTSUPP && errno != ENODEV && l->error == 0)
		l->error = errno;
	l->count += found > 0 ? (size_t)found : 0;
}

/* A folder has two links and one for each folder in it (kernfs). */
static bool divided(int dir_fd)
{
	struct stat st;

	return fstat(dir_fd, &st) != 0 || st.st_nlink > 2;
}

int subgroups_pids(int dir_fd, pid_t *out, size_t max)
{
	static const struct walk_calls calls = { .enter = list_one, .refused = skip };
	struct listing l = { .out = out, .max = max };

	if (divided(dir_fd))
		walk_tree(dir_fd, ".", &calls, &l, NULL);
	else
		list_one(&l, NULL, dir_fd);
	errno = l.error;
	return l.error ? -1 : (int)l.count;
}

static int pids_in(void *arg, pid_t *out, size_t max, struct error *err)
{
	int count = isolation_read_pids(*(int *)arg, out, max);

	if (count < 0 && (errno == EOPNOTSUPP || errno == ENODEV))
		return 0;
	return count < 0 ? error_set_errno(err, ERROR_SYSTEM, errno, "cannot list processes of a group") : count;
}

/* By the list: a path in /proc/PID/cgroup has a longest length, groups have none. */
static int is_in(void *arg, pid_t pid)
{
	int count = isolation_read_pids(*(int *)arg, NULL, 0), found = 0;
	pid_t *pids;

	if (count <= 0)
		return count;
	pids = xcalloc((size_t)count, sizeof(*pids));
	int now = isolation_read_pids(*(int *)arg, pids, (size_t)count);
	for (int i = 0; i < count && i < now; i++)
		found |= pids[i] == pid;
	free(pids);
	return found;
}

struct ending {
	const char *group;
	struct error *err;
	int rc;
};

static void kill_one(void *arg, struct walk *w, int fd)
{
	struct ending *e = arg;
	const struct inmates in = { .name = e->group, .pids = pids_in, .contains = is_in, .arg = &fd };

	/* The rig's own group is its backend's to empty. */
	if (walk_depth(w) > 1 && e->rc == 0)
		e->rc = isolation_kill_inmates(&in, e->err);
}

static bool uncover(void *arg, struct walk *w, int dir_fd, const char *name, int error)
{
	(void)arg;
	(void)w;
	return error == EXDEV && fs_unmount_at(dir_fd, name);
}

/* A process on its way out is no longer listed and still there for a moment: EBUSY. */
static void remove_one(void *arg, struct walk *w, int dir_fd, const char *name)
{
	uint64_t deadline_ns = clock_ns() + REMOVE_DEADLINE_NS;
	struct ending *e = arg;
	int failed;

	if (walk_depth(w) == 0 || e->rc != 0)
		return;
	while ((failed = unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 ? 0 : errno) == EBUSY && clock_ns() < deadline_ns)
		usleep(2000);
	if (failed != 0 && failed != ENOENT)
		e->rc = error_set_errno(e->err, ERROR_SYSTEM, failed,
					"cannot remove group '%.*s' below '%s', which the server made", SHOWN_NAME_MAX,
					name, e->group);
}

int subgroups_end(int dir_fd, const char *name, struct error *err)
{
	static const struct walk_calls calls = { .enter = kill_one, .refused = uncover, .leave = remove_one };
	struct ending e = { .group = name, .err = err };

	if (!divided(dir_fd))
		return 0;
	return walk_tree(dir_fd, ".", &calls, &e, err) < 0 ? -1 : e.rc;
}
