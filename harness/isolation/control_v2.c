#include "isolation/control_v2.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/backend.h"
#include "isolation/memory_files.h"

#define HIGH "memory.high"
#define KILL_DEADLINE_NS (5 * NS_PER_S)
#define SQUEEZE_TRIES 5

/* Returns 0, or errno. */
static int write_at(int dir_fd, const char *file, const char *text)
{
	int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC), failed;

	if (fd < 0)
		return errno;
	failed = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return failed;
}

/*
 * memory.reclaim takes the wanted amount and says EAGAIN when it got less,
 * which it must when asked for everything: then nothing more comes back.
 */
static int reclaim(int dir_fd)
{
	struct fact usage = memory_files_value_at(dir_fd, "memory.current");
	char text[24];
	int failed = EINTR;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)usage.value);
	for (int i = 0; i < SQUEEZE_TRIES && (failed == EINTR || failed == EAGAIN); i++)
		failed = write_at(dir_fd, "memory.reclaim", text);
	return failed == EAGAIN ? 0 : failed;
}

/* Before Linux 5.19: a memory.high of 0 reclaims while it is written.  It slows the server down, it kills nothing. */
static int reclaim_by_high(int dir_fd, struct fact high)
{
	char text[24] = "max";
	int failed = 0, restored;

	if (fact_known(high) && high.value != UINT64_MAX)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)high.value);
	for (int i = 0; i < SQUEEZE_TRIES && (failed == 0 || failed == EINTR); i++)
		failed = write_at(dir_fd, HIGH, "0");
	restored = write_at(dir_fd, HIGH, text);
	return failed ? failed : restored;
}

int control_v2_squeeze(int dir_fd, struct fact high)
{
	return faccessat(dir_fd, "memory.reclaim", W_OK, AT_EACCESS) == 0 ? reclaim(dir_fd)
									  : reclaim_by_high(dir_fd, high);
}

/* "populated 0" in cgroup.events, zombies not counted; a change of that file is an exceptional condition (poll(2)). */
static bool await_empty(int dir_fd)
{
	uint64_t deadline_ns = clock_ns() + KILL_DEADLINE_NS;
	struct pollfd p = { .fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC), .events = POLLPRI };
	bool empty = false;
	char text[256];

	for (uint64_t now = clock_ns(); p.fd >= 0 && !empty && now < deadline_ns; now = clock_ns()) {
		ssize_t got = pread(p.fd, text, sizeof(text), 0);

		empty = got > 0 && memmem(text, (size_t)got, "populated 0", strlen("populated 0")) != NULL;
		if (!empty)
			poll(&p, 1, (int)((deadline_ns - now) / NS_PER_MS + 1));
	}
	if (p.fd >= 0)
		close(p.fd);
	return empty;
}

/* cgroup.kill takes groups below along, and processes that fork faster than they can be listed. */
bool control_v2_kill(int dir_fd)
{
	return write_at(dir_fd, "cgroup.kill", "1") == 0 && await_empty(dir_fd);
}
