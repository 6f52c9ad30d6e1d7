#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/backend.h"

#define KILL_DEADLINE_NS (5 * NS_PER_S)
#define KILL_BATCH 64

/*
 * Sends SIGKILL through a pidfd, which cannot be taken over by a later process
 * of the same id (pidfd_open(2)).  Returns the pidfd, to wait on, or -1 when
 * there is nothing to wait for.
 */
static int kill_one(const struct inmates *in, pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	if (fd < 0)
		return -1;
	/* Asked again now that the process is pinned: the id may have changed hands since it was listed. */
	if (in->contains(in->arg, pid) == 1 && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0)
		return fd;
	close(fd);
	return -1;
}

static void await_exit(int pidfd, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	uint64_t now = clock_ns();

	while (now < deadline_ns && poll(&p, 1, (int)((deadline_ns - now) / NS_PER_MS + 1)) < 0 && errno == EINTR)
		now = clock_ns();
}

int isolation_kill_inmates(const struct inmates *in, struct error *err)
{
	uint64_t deadline_ns = clock_ns() + KILL_DEADLINE_NS;

	for (;;) {
		pid_t pids[KILL_BATCH];
		int fds[KILL_BATCH], waiting = 0;
		int count = in->pids(in->arg, pids, KILL_BATCH, err);

		if (count <= 0)
			return count;
		if (clock_ns() >= deadline_ns)
			return error_set(err, ERROR_SYSTEM, "%d processes of '%s' outlive SIGKILL, the first is %d",
					 count, in->name, (int)pids[0]);
		for (int i = 0; i < count && i < KILL_BATCH; i++) {
			int fd = kill_one(in, pids[i]);

			if (fd >= 0)
				fds[waiting++] = fd;
		}
		for (int i = 0; i < waiting; i++) {
			await_exit(fds[i], deadline_ns);
			close(fds[i]);
		}
		/* Listed, yet nothing to signal: it is on its way out and has no event left to wait for. */
		if (waiting == 0)
			usleep(1000);
	}
}

static int group_pids(void *arg, pid_t *out, size_t max, struct error *err)
{
	struct isolation *iso = arg;

	return iso->backend->pids(iso, out, max, err);
}

static int group_contains(void *arg, pid_t pid)
{
	struct isolation *iso = arg;

	return iso->backend->contains(iso, pid);
}

int isolation_kill_all(struct isolation *iso, struct error *err)
{
	const struct inmates in = { .name = iso->name, .pids = group_pids, .contains = group_contains, .arg = iso };

	return isolation_kill_inmates(&in, err);
}
