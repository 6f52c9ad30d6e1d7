#include "isolation/proc_stat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define PF_EXITING 0x00000004 /* linux/sched.h; in no header for programs */

int proc_stat_parse(const char *text, size_t len, struct proc_stat *out)
{
	/* The name in parentheses may itself hold spaces and parentheses: the fields go on after the last one. */
	const char *close = memrchr(text, ')', len);
	char rest[512];
	unsigned long long start;
	unsigned int flags;
	size_t rest_len;

	if (!close)
		return -1;
	rest_len = len - (size_t)(close + 1 - text);
	if (rest_len >= sizeof(rest))
		rest_len = sizeof(rest) - 1;
	memcpy(rest, close + 1, rest_len);
	rest[rest_len] = '\0';
	/* (1) pid (2) comm (3) state (4) ppid (5) pgrp (6) session … (9) flags … (20) num_threads (22) starttime */
	if (sscanf(text, "%d (", &out->pid) != 1 ||
	    sscanf(rest, " %c %d %*d %d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %llu", &out->state,
		   &out->parent, &out->session, &flags, &out->threads, &start) != 6)
		return -1;
	out->thread_ended = (flags & PF_EXITING) || out->state == 'Z' || out->state == 'X';
	out->exiting = out->thread_ended && out->threads <= 1;
	out->start_ticks = start;
	return 0;
}

bool proc_stat_dead(const struct proc_stat *p)
{
	return (p->state == 'Z' || p->state == 'X') && p->threads <= 1;
}

int proc_stat_read(pid_t pid, struct proc_stat *out)
{
	char path[64], text[1024];
	ssize_t got;
	int fd, read_errno;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	read_errno = errno;
	close(fd);
	if (got < 0) {
		errno = read_errno;
		return -1;
	}
	text[got] = '\0';
	errno = EBADMSG;
	return proc_stat_parse(text, (size_t)got, out);
}

pid_t proc_stat_living_thread(pid_t pid)
{
	struct proc_stat p;
	char path[64];
	struct dirent *entry;
	pid_t found = 0;
	DIR *threads;

	if (proc_stat_read(pid, &p) != 0)
		return 0;
	if (!p.thread_ended)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && !found && (entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.' && proc_stat_read(atoi(entry->d_name), &p) == 0 && !p.thread_ended)
			found = p.pid;
	if (threads)
		closedir(threads);
	return found;
}

static void tree_add(struct proc_tree *t, const struct proc_stat *p)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 512;
		t->member = xrealloc(t->member, t->cap * sizeof(*t->member));
	}
	t->member[t->count++] = *p;
}

static bool was_member(const struct proc_tree *t, size_t old_count, const struct proc_stat *p)
{
	for (size_t i = 0; i < old_count; i++)
		if (t->member[i].pid == p->pid && t->member[i].start_ticks == p->start_ticks)
			return true;
	return false;
}

/* Appends every process of the host behind the members of the last scan. */
static int add_all(struct proc_tree *t, struct error *err)
{
	char entries[8192] __attribute__((aligned(8)));
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd < 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot open '/proc'");
	while ((got = getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *d = (const struct dirent64 *)(entries + at);
			struct proc_stat p;

			at += d->d_reclen;
			if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && proc_stat_read(atoi(d->d_name), &p) == 0)
				tree_add(t, &p);
		}
	}
	if (got < 0)
		error_set_errno(err, ERROR_SYSTEM, errno, "cannot list '/proc'");
	close(fd);
	return got < 0 ? -1 : 0;
}

int proc_tree_scan(struct proc_tree *t, pid_t main_pid, uint64_t main_start_ticks, struct error *err)
{
	size_t old_count = t->count, members, all;
	bool grew = true, reused = false;
	struct proc_stat *m;

	if (add_all(t, err) < 0) {
		t->count = old_count;
		return -1;
	}
	m = t->member;
	all = t->count;
	for (size_t i = old_count; i < all; i++)
		reused |= m[i].pid == main_pid && m[i].start_ticks != main_start_ticks;

	/* Members are moved to the front of the new part, until no parent or session brings in another. */
	for (members = old_count; grew;) {
		grew = false;
		for (size_t i = members; i < all; i++) {
			struct proc_stat p = m[i];
			/* Once the id belongs to somebody else, so does the session of that number. */
			bool mine = was_member(t, old_count, &p) ||
				    (!reused && (p.pid == main_pid || p.session == main_pid));

			for (size_t j = old_count; j < members && !mine; j++)
				mine = m[j].pid == p.parent;
			if (!mine)
				continue;
			m[i] = m[members];
			m[members++] = p;
			grew = true;
		}
	}
	t->count = members - old_count;
	memmove(m, m + old_count, t->count * sizeof(*m));
	return 0;
}

bool proc_tree_has(const struct proc_tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->member[i].pid == pid)
			return true;
	return false;
}

int proc_tree_pids(const struct proc_tree *t, pid_t *out, size_t max)
{
	size_t living = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (proc_stat_dead(&t->member[i]))
			continue;
		if (living < max)
			out[living] = t->member[i].pid;
		living++;
	}
	return (int)living;
}

void proc_tree_release(struct proc_tree *t)
{
	free(t->member);
	memset(t, 0, sizeof(*t));
}
