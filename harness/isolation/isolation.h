/*
 * isolation - where the server runs: a memory cap around it and the figures of
 * what is inside.  A backend is one file and one row of the table in
 * isolation.c; "none" is an ordinary backend that caps nothing.
 *
 * Life cycle:
 *   1. backend->probe says whether a backend works on this host;
 *   2. isolation_open() makes a group, writes the limits, reads them back;
 *   3. the trampoline (target/trampoline.h), in the child between fork and exec of
 *      the server, calls backend->join with the name of the group;
 *   4. isolation_set_main() names the server's process;
 *   5. reader_* from the sampler thread; the rest from the main thread;
 *   6. backend->kill ends what is left inside, backend->final reads the
 *      watermarks, backend->close removes the group.  In that order: removal
 *      loses the counters, and on v1 removing a group with processes would move
 *      them to the parent, uncapped.
 *
 * Group names are made by group_name.h: `oomrig clean` finds leftovers by them
 * and leaves alone those whose rig still lives.
 */
#ifndef OOMRIG_ISOLATION_ISOLATION_H
#define OOMRIG_ISOLATION_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fact.h"
#include "isolation/memory.h"

#define ISOLATION_NAME_MAX 64
#define ISOLATION_PREFIX "oomrig-"

struct isolation_limits {
	uint64_t memory_bytes; /* 0: no cap */
	uint64_t swap_bytes;   /* beyond memory_bytes; 0: no swap */
	uint64_t high_bytes;   /* from here on it is slowed down (v2 memory.high); 0: never */
	bool oom_group;	       /* an OOM kills all of the group (v2 memory.oom.group) */

	/* of a machine of its own; the others have none of it */
	const char *data_dir, *tmp_dir; /* borrowed while it is opened: what they hold is copied onto its disk */
	bool tmp_in_ram;
	uint64_t disk_bytes;
	uint64_t disk_bytes_per_s; /* 0: as fast as it is */
	uint64_t dirty_ratio;	   /* vm.dirty_ratio, per cent; 0: the kernel's own */
};

/* What was asked for and what the kernel says it enforces (it rounds to pages). */
struct isolation_readback {
	struct isolation_limits asked;
	struct fact memory_bytes;      /* absent: no cap asked or backend has none */
	struct fact memory_swap_bytes; /* memory + swap together (v1 memsw); absent where swap is not accounted */
	struct fact swappiness;
	struct fact high_bytes; /* absent: not asked */
};

struct isolation; /* one open group; starts with a pointer to its backend */

/* A reader with its descriptors open: filling a sample does not allocate. */
struct isolation_reader;

struct isolation_final {
	struct fact peak_usage_bytes; /* kernel watermark: v1 memory.max_usage_in_bytes, v2 memory.peak */
	struct fact oom_kill;	      /* the group's own counter */
	struct fact limit_hits;
	struct fact limit_bytes;      /* the cap in force now, read anew; absent: no cap asked */
	struct fact swap_limit_bytes; /* memory + swap limit in force now */
	struct fact high_bytes;	      /* memory.high in force now; absent: not asked */
	struct fact oom_group;	      /* memory.oom.group now, 0 or 1; absent: the backend has no such thing */
	struct memory_sample memory;  /* last reading */
};

/* What is to be done with the groups that a dead rig left, and whom to tell of each. */
struct isolation_leftovers {
	bool remove;				    /* false: only look */
	void (*found)(void *arg, const char *what); /* "cgroup-v1 group 'oomrig-…' of a rig that is gone, …" */
	void (*failed)(void *arg, const struct error *err);
	void *arg;
};

/* What became of the machine in which the server runs; texts are borrowed until the next call. */
struct machine_state {
	const char *panic; /* the line of its kernel, NULL: none */
	bool ended;	   /* it is gone, and not by our doing */
	uint64_t silent_ns;
	struct fact disk_free_bytes;
	struct fact agent_bytes; /* memory that our own process in it takes */
	struct fact swap_bytes;	 /* that it has */
	struct fact total_bytes; /* memory that its kernel leaves for all */
	const char *accelerator; /* "kvm" or "tcg" */
	uint64_t slowness;	 /* times slower than a processor that is not emulated; at least 1 */
};

struct isolation_backend {
	const char *name; /* "cgroup-v1" */
	const char *summary;
	bool caps_memory;	     /* false: limits are recorded as asked and not in force; "auto" never picks it */
	bool slows_and_kills_as_one; /* has high_bytes and oom_group; asking another one for them is an error */
	bool by_name_only;	     /* "auto" never picks it */
	/* 0: works here; -1: err says what is missing and what to type. */
	int (*probe)(struct error *err);
	int (*open)(const char *name, const struct isolation_limits *limits, struct isolation **out, struct error *err);
	/* Moves the calling process; called in the trampoline, single-threaded. */
	int (*join)(const char *name, struct error *err);
	/*
	 * Instead of exec: the calling process stands for the server, which runs elsewhere, until it ends and then
	 * ends the same way; closes ready_fd when the server runs.  NULL: it becomes the server.
	 */
	int (*stand_in)(const char *name, const char *cwd, char *const command[], int ready_fd, struct error *err);
	/* Makes a port of the server reachable under the same number here.  NULL: it is. */
	int (*forward)(struct isolation *iso, uint16_t port, struct error *err);
	/* The process of this host that holds these ports.  NULL: those inside do. */
	pid_t (*holder)(struct isolation *iso);
	/* A descriptor with the records of its own kernel, each ended by NUL; stays the group's.  NULL: /dev/kmsg. */
	int (*kernel_log_fd)(struct isolation *iso);
	/* NULL: the server runs on this host's kernel. */
	void (*machine)(struct isolation *iso, struct machine_state *out);
	/* Does pid run in this group?  1, 0, or -1 when that cannot be told: it is gone, exiting, or unreadable. */
	int (*contains)(struct isolation *iso, pid_t pid);
	/* Are there groups below it, made by the server, that its figures leave out?  NULL: they leave out none. */
	bool (*divided)(struct isolation *iso);
	/* Living processes inside (no zombies); returns how many there are (may exceed max), or -1. */
	int (*pids)(struct isolation *iso, pid_t *out, size_t max, struct error *err);
	int (*reader_open)(struct isolation *iso, struct isolation_reader **out, struct error *err);
	void (*reader_read)(struct isolation_reader *r, struct memory_sample *out);
	/* As pids, for the sampler thread; also a few tens of µs, so less often than reader_read. */
	int (*reader_pids)(struct isolation_reader *r, pid_t *out, size_t max);
	/* Text as of /proc/PID/status; returns its length, 0: no such process, -1.  NULL: /proc has it. */
	ssize_t (*reader_status)(struct isolation_reader *r, pid_t pid, char *out, size_t size);
	void (*reader_close)(struct isolation_reader *r);
	/*
	 * A descriptor that becomes readable on an OOM in the group (v1 eventfd, v2 inotify), -1 with err if there
	 * is none.  The caller closes it.  Removing the group makes it readable too, so stop listening before.
	 */
	int (*oom_event_fd)(struct isolation *iso, struct error *err);
	/* Takes what made it readable; returns the OOMs since the last call, 0 when it was something else. */
	uint64_t (*oom_event_take)(struct isolation_reader *r, int fd);
	/* An eventfd that fires when usage crosses the figure; -1 if there is none.  Closed by the caller. */
	int (*threshold_fd)(struct isolation *iso, uint64_t usage_bytes, struct error *err);
	/* Asks for the page cache back (v1 memory.force_empty, v2 memory.reclaim); files must have been synced. */
	int (*squeeze)(struct isolation *iso, struct error *err);
	/* SIGKILL to all inside until none is left, at most 5 s; reaping the server is its parent's business. */
	int (*kill)(struct isolation *iso, struct error *err);
	int (*final)(struct isolation *iso, struct isolation_final *out, struct error *err);
	/* kill, then the groups below, then the group itself; iso stays.  Any thread, if nobody closes it meanwhile. */
	int (*remove)(struct isolation *iso, struct error *err);
	int (*close)(struct isolation *iso, struct error *err); /* remove, and frees iso in any case */
	/* Each leftover group of a dead rig by itself: what cannot go is told, not returned.  -1: none can be listed.
	 */
	int (*clean)(struct isolation_leftovers *leftovers, struct error *err);
};

struct isolation {
	const struct isolation_backend *backend;
	char name[ISOLATION_NAME_MAX];
	struct isolation_readback readback;
	const char *placement; /* who gave the rig the place of the group, for people; static, NULL: nobody to ask */
	/* A server that is started again is named while the sampler thread looks: the time is written first, read last.
	 */
	_Atomic pid_t main_pid;		   /* the server; 0 until isolation_set_main() */
	_Atomic uint64_t main_start_ticks; /* its start time: tells it from a later process of the same id */
};

/* All backends in order of preference, NULL-terminated. */
extern const struct isolation_backend *const isolation_backends[];

/* The row of that name, NULL if there is none; nothing is probed. */
const struct isolation_backend *isolation_by_name(const char *name);

/*
 * By name, or for "auto" the first that can cap memory and works here.
 * ERROR_USAGE for an unknown name, ERROR_ENVIRONMENT if it does not work.
 */
const struct isolation_backend *isolation_find(const char *name, struct error *err);

int isolation_open(const struct isolation_backend *backend, const struct isolation_limits *limits,
		   struct isolation **out, struct error *err);

/*
 * Tells a backend without groups which process is the server, right after each
 * start of it (in a session of its own, not reaped yet).  Any backend.
 */
int isolation_set_main(struct isolation *iso, pid_t main_pid, struct error *err);

#endif
