/*
 * proc_stat - who is whose child, from /proc/PID/stat (proc_pid_stat(5)).
 *
 * proc_tree finds the processes that a main process started, without a cgroup:
 * those of its session, its descendants, and those found earlier that have
 * since been handed to another parent.  What it cannot see is a process that
 * starts a session of its own and loses its parent between two scans.
 *
 * Life cycle: zeroed, proc_tree_scan() as often as needed, proc_tree_release().
 * One thread per struct.
 */
#ifndef OOMRIG_ISOLATION_PROC_STAT_H
#define OOMRIG_ISOLATION_PROC_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct proc_stat {
	pid_t pid, parent, session;
	char state;	   /* of its first thread; 'Z': zombie, 'X': dead */
	int threads;	   /* one that has ended is counted while the process lives */
	bool thread_ended; /* the thread read is dead, or on its way there: the first, when a process was asked for */
	bool exiting;	   /* the process is */
	uint64_t start_ticks; /* since boot; pid and start name a process for good */
};

/* 0, or -1 for text that is not such a line. */
int proc_stat_parse(const char *text, size_t len, struct proc_stat *out);

/* Ended as a whole.  One whose first thread alone has ended is shown as a zombie too, and lives on (pthread_exit(3)).
 */
bool proc_stat_dead(const struct proc_stat *p);

/* 0, or -1 with errno (ENOENT or ESRCH: no such process). */
int proc_stat_read(pid_t pid, struct proc_stat *out);

/*
 * A thread of it that lives, for what /proc shows of a living one alone (environ, fd, net, the figures of memory):
 * the first, or, where that has ended, another.  0: none.
 */
pid_t proc_stat_living_thread(pid_t pid);

struct proc_tree {
	struct proc_stat *member;
	size_t count, cap;
};

/* A scan allocates only when there are more processes than ever before. */
int proc_tree_scan(struct proc_tree *t, pid_t main_pid, uint64_t main_start_ticks, struct error *err);
bool proc_tree_has(const struct proc_tree *t, pid_t pid);
/* Living members, as isolation_backend.pids. */
int proc_tree_pids(const struct proc_tree *t, pid_t *out, size_t max);
void proc_tree_release(struct proc_tree *t);

#endif
