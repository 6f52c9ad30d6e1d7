#include "target/strays.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "isolation/proc_stat.h"
#include "target/mark.h"

#define DEADLINE_NS (5 * NS_PER_S)
#define PROGRAM_MAX 16 /* proc_pid_comm(5), its newline included */

static _Atomic bool adopting;

void strays_adopt(void)
{
	siginfo_t info;
	bool childless = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
	adopting = childless && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

void strays_release(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	adopting = false;
}

void strays_reap(pid_t ours)
{
	siginfo_t info = { .si_pid = 0 };
	/* Looked at first: the server's end belongs to the event loop, which takes it at its next turn. */
	while (adopting && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
	       info.si_pid != ours) {
		waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

/* ---- who is there ------------------------------------------------------- */

struct table {
	struct proc_stat *items;
	bool *ours;
	size_t count;
};

static int read_table(struct table *t, struct error *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t cap = 0;
	*t = (struct table){ 0 };
	if (proc == NULL)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open folder '/proc'");
	while ((entry = readdir(proc)) != NULL) {
		struct proc_stat p;
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
		if (pid == 0 || proc_stat_read(pid, &p) != 0)
			continue;
		if (t->count == cap) {
			cap = cap > 0 ? 2 * cap : 256;
			t->items = xrealloc(t->items, cap * sizeof(*t->items));
		}
		t->items[t->count++] = p;
	}
	closedir(proc);
	t->ours = xcalloc(t->count + 1, sizeof(*t->ours));
	return 0;
}

static void release_table(struct table *t)
{
	free(t->items);
	free(t->ours);
}

static bool parent_is_ours(const struct table *t, pid_t parent)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].pid == parent)
			return t->ours[i];
	return false;
}

/* Down from the rig, level after level. */
static void find_descendants(struct table *t)
{
	bool more = adopting;
	while (more) {
		more = false;
		for (size_t i = 0; i < t->count; i++)
			if (!t->ours[i] && (t->items[i].parent == getpid() || parent_is_ours(t, t->items[i].parent)))
				more = t->ours[i] = true;
	}
}

static void find_marked(struct table *t, const char *data_dir)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->ours[i] && t->items[i].pid > 1 && t->items[i].pid != getpid() && !t->items[i].exiting)
			t->ours[i] = mark_carried_by(t->items[i].pid, data_dir);
}

int strays_for_each(const char *data_dir, void (*fn)(void *arg, pid_t pid), void *arg)
{
	struct table t;
	if (read_table(&t, NULL) != 0)
		return -1;
	if (adopting)
		find_descendants(&t);
	else
		find_marked(&t, data_dir);
	for (size_t i = 0; i < t.count; i++)
		if (t.ours[i] && !t.items[i].exiting)
			fn(arg, t.items[i].pid);
	release_table(&t);
	return 0;
}

/* ---- their end ---------------------------------------------------------- */

static void program_of(pid_t pid, char out[PROGRAM_MAX])
{
	struct buf comm = BUF_INIT;
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fs_read_file(path, &comm, NULL);
	snprintf(out, PROGRAM_MAX, "%.*s", (int)strcspn(buf_str(&comm), "\n"), buf_str(&comm));
	buf_release(&comm);
}

/* fd keeps the id from being reused between look and signal (pidfd_open(2)). */
static void end_one(const struct proc_stat *p, uint64_t until_ns)
{
	struct proc_stat now;
	int fd = pidfd_open(p->pid, 0);
	if (fd >= 0 && proc_stat_read(p->pid, &now) == 0 && now.start_ticks == p->start_ticks &&
	    pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0) {
		struct pollfd ended = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = clock_ns();
		poll(&ended, 1, now_ns < until_ns ? (int)((until_ns - now_ns) / NS_PER_MS) + 1 : 0);
	}
	if (fd >= 0)
		close(fd);
}

typedef void tell_of(void *arg, pid_t pid, const char *program);

/* One pass over all there are; returns how many lived, with the first of them. */
static int pass(const char *data_dir, uint64_t until_ns, tell_of *told, void *arg, pid_t *first, struct error *err)
{
	struct table t;
	int living = 0;
	if (read_table(&t, err) != 0)
		return -1;
	find_descendants(&t);
	find_marked(&t, data_dir);
	for (size_t i = 0; i < t.count; i++) {
		char program[PROGRAM_MAX];
		if (!t.ours[i] || t.items[i].exiting)
			continue;
		if (living++ == 0)
			*first = t.items[i].pid;
		program_of(t.items[i].pid, program);
		if (told != NULL)
			told(arg, t.items[i].pid, program);
		end_one(&t.items[i], until_ns);
	}
	release_table(&t);
	return living;
}

int strays_end(const char *data_dir, tell_of *told, void *arg, struct error *err)
{
	uint64_t until_ns = clock_ns() + DEADLINE_NS;
	pid_t first = 0;
	int living;
	/* Once more after each find: it may have started others before it ended. */
	while ((living = pass(data_dir, until_ns, told, arg, &first, err)) > 0 && clock_ns() < until_ns)
		strays_reap(0);
	strays_reap(0);
	if (living > 0)
		return error_set(err, ERROR_SYSTEM,
				 "%d processes that the server started outlive SIGKILL, the first is %d", living,
				 (int)first);
	return living;
}
