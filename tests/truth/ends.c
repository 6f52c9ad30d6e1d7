/* How it dies, or is meant to look as if: kernel, somebody else, itself, a child of it. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fate.h"

static unsigned uploads_done;

/* Is this the upload at which it happens?  One of the first max, drawn once. */
static bool its_hour(unsigned max)
{
	static unsigned hour;
	unsigned number = __atomic_add_fetch(&uploads_done, 1, __ATOMIC_RELAXED);
	unsigned none = 0;
	__atomic_compare_exchange_n(&hour, &none, (unsigned)chance(1, max), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return number == hour;
}

/* Nearly all of the cap, but not so much that the next page is the last. */
static void fill_below_cap(void)
{
	take(chance(CAP_BYTES * 70 / 100, CAP_BYTES * 88 / 100));
	sleep_ms(chance(0, 60));
}

/* ---- by the kernel ------------------------------------------------------ */

static void eat_by_bytes(struct upload *u, const char *data, size_t len)
{
	(void)data;
	(void)u;
	take(len * chance(12, 40));
}

static int eat_at_once(struct upload *u)
{
	(void)u;
	sleep_ms(chance(0, 80));
	take_until_killed(chance(1, 8) * MIB);
}

static int store_and_eat(struct upload *u)
{
	(void)u;
	take(chance(2, 6) * MIB);
	return 201;
}

static void eat_while_giving(void)
{
	take_until_killed(4 * MIB);
}

static void eat_before_ready(void)
{
	sleep_ms(chance(0, 50));
	take_until_killed(chance(1, 8) * MIB);
}

/*
 * Pages of a file that are locked: no reclaim takes them, and anon is next to
 * nothing.  What many writers to a slow disk come to by chance, without the
 * chance (docs/verdicts.md has the figures for those).
 */
static int lock_pages(struct upload *u, size_t bytes)
{
	static unsigned number;
	struct upload file = { .fd = -1 };
	snprintf(file.name, sizeof(file.name), "%.100s.%u", u->name, __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
	service_open(&file, fate_options.data);
	if (ftruncate(file.fd, (off_t)bytes) != 0)
		exit(1);
	char *pages = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file.fd, 0);
	if (pages == MAP_FAILED || mlock(pages, bytes) != 0)
		exit(1);
	return file.fd;
}

__attribute__((noreturn)) static int eat_locked_pages(struct upload *u)
{
	for (;;)
		close(lock_pages(u, chance(2, 8) * MIB));
}

/* Written again as soon as they are on disk, so that most of them are dirty or under way at any moment. */
#define KEPT_DIRTY_BYTES (CAP_BYTES * 7 / 8)
static char piece[MIB];

__attribute__((noreturn)) static void *keep_dirty(void *arg)
{
	int fd = *(int *)arg;
	for (;;)
		for (size_t at = 0; at < KEPT_DIRTY_BYTES; at += MIB)
			if (pwrite(fd, piece, MIB, (off_t)at) < 0)
				exit(1);
}

static int eat_dirty_pages(struct upload *u)
{
	static unsigned started;
	static int fd;
	pthread_t thread;
	if (__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED) > 0)
		return 503;
	fd = lock_pages(u, KEPT_DIRTY_BYTES);
	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, keep_dirty, &fd) != 0)
			exit(1);
	sleep_ms(chance(60, 100));
	take_until_killed(chance(1, 8) * MIB);
}

static void worker_eats(void)
{
	take(chance(8, 14) * MIB);
}

static void start_worker(void)
{
	worker_start(worker_eats);
}

static int feed_worker(struct upload *u)
{
	(void)u;
	return worker_do() ? 201 : 503;
}

static int feed_worker_or_exit(struct upload *u)
{
	if (feed_worker(u) == 201)
		return 201;
	sleep_ms(chance(0, 40));
	_exit((int)chance(1, 3));
}

static void eat_on_the_way_out(void)
{
	sleep_ms(chance(0, 30));
	take_until_killed(4 * MIB);
}

/* Once, some time after the first upload: mostly when the load is over. */
static int later(void *(*fn)(void *))
{
	static unsigned started;
	pthread_t thread;
	if (__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED) == 0 && pthread_create(&thread, NULL, fn, NULL) != 0)
		exit(1);
	return 201;
}

static void *eat(void *unused)
{
	(void)unused;
	sleep_ms(chance(200, 500));
	take_until_killed(4 * MIB);
}

static int eat_later(struct upload *u)
{
	(void)u;
	return later(eat);
}

/* ---- by somebody else --------------------------------------------------- */

static int killed_from_outside(struct upload *u)
{
	(void)u;
	if (!its_hour(4))
		return 201;
	fill_below_cap();
	pid_t child = fork();
	if (child == 0) {
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	for (;;)
		pause();
}

/* ---- by itself ---------------------------------------------------------- */

static int exit_137(struct upload *u)
{
	(void)u;
	if (!its_hour(4))
		return 201;
	if (chance(0, 1))
		fill_below_cap();
	_exit(137);
}

static int exit_0(struct upload *u)
{
	(void)u;
	if (!its_hour(4))
		return 201;
	sleep_ms(chance(0, 40));
	_exit(0);
}

static void *leave(void *unused)
{
	(void)unused;
	sleep_ms(chance(200, 500));
	_exit((int)chance(0, 3));
}

static int exit_later(struct upload *u)
{
	(void)u;
	return later(leave);
}

static int exit_full(struct upload *u)
{
	(void)u;
	fill_below_cap();
	_exit((int)chance(1, 125));
}

/* Its own limit of address space, not the cap, refuses. */
static void until_refused(void)
{
	struct rlimit limit = { .rlim_cur = chance(48, 96) * MIB, .rlim_max = RLIM_INFINITY };
	setrlimit(RLIMIT_AS, &limit);
	for (size_t taken = 0; taken < 40 * MIB; taken += MIB)
		if (take(MIB) == NULL)
			return;
	/* Address space for more than the cap: a request that no limit of this size can meet. */
	while (mmap(NULL, 64 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		;
}

static int abort_with_message(struct upload *u)
{
	static const char *const words[] = { "fate: cannot allocate 33554432 bytes",
					     "terminate called after throwing an instance of 'std::bad_alloc'",
					     "runtime: out of memory: cannot allocate 4194304-byte block",
					     "memory allocation of 8388608 bytes failed",
					     "MemoryError",
					     "eheap_alloc: Cannot allocate 8388608 bytes of memory (of type \"heap\").",
					     "Unhandled exception. System.OutOfMemoryException: 8388608",
					     "Fatal error: exception Out_of_memory",
					     "PHP Fatal error:  Allowed memory size of 33554432 bytes exhausted",
					     "FATAL: OUT OF MEMORY" };
	(void)u;
	until_refused();
	fprintf(stderr, "%s\n", words[chance(0, 9)]);
	if (chance(0, 2) == 0)
		_exit((int)chance(1, 3));
	abort();
}

static int abort_silently(struct upload *u)
{
	(void)u;
	until_refused();
	abort();
}

static int segfault(struct upload *u)
{
	(void)u;
	fill_below_cap();
	volatile char *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	forbidden[0] = 1;
	return 201;
}

/* ---- what is no death --------------------------------------------------- */

/* As daemons do: the parent goes once its child serves.  The child is ended with its group. */
static void daemonise(void)
{
	if (fork() == 0) {
		setsid();
		return;
	}
	sleep_ms(chance(0, 200));
	_exit(0);
}

/* A supervisor's own SIGKILL to a worker is nobody's lack of memory. */
static int kill_worker(struct upload *u)
{
	(void)u;
	pid_t worker = fork();
	if (worker == 0) {
		take(chance(128, 512) * 1024);
		raise(chance(0, 1) ? SIGKILL : SIGSEGV);
	}
	return waitpid(worker, NULL, 0) == worker ? 201 : 500;
}

static void never_listen(void)
{
	for (;;)
		pause();
}

const struct fate ends[] = {
	{ .name = "killed-by-the-cap", .meaning = "anon grows with the bytes until the cap", .received = eat_by_bytes },
	{ .name = "killed-at-once", .meaning = "anon jumps over the cap within milliseconds", .uploaded = eat_at_once },
	{ .name = "killed-before-ready",
	  .meaning = "its start alone needs more than the cap",
	  .start = eat_before_ready },
	{ .name = "killed-by-locked-pages",
	  .meaning = "the cap fills with locked file pages",
	  .uploaded = eat_locked_pages },
	{ .name = "killed-by-dirty-pages",
	  .meaning = "the cap fills with file pages that never stay written",
	  .uploaded = eat_dirty_pages },
	{ .name = "worker-killed",
	  .meaning = "a worker outgrows the cap, the parent serves on",
	  .start = start_worker,
	  .uploaded = feed_worker },
	{ .name = "worker-killed-then-exit",
	  .meaning = "the same, and the parent gives up",
	  .start = start_worker,
	  .uploaded = feed_worker_or_exit },
	{ .name = "killed-while-settling", .meaning = "outgrows the cap when the load is over", .uploaded = eat_later },
	{ .name = "killed-after-storing",
	  .meaning = "stores what it acknowledges, and outgrows the cap",
	  .uploaded = store_and_eat },
	{ .name = "killed-when-read",
	  .meaning = "the same, and once more when it is asked for what it has stored",
	  .uploaded = store_and_eat,
	  .giving = eat_while_giving },
	{ .name = "killed-at-teardown",
	  .meaning = "outgrows the cap when told to stop",
	  .received = service_forget,
	  .told_to_stop = eat_on_the_way_out },
	{ .name = "killed-from-outside", .meaning = "kill -9 just below the cap", .uploaded = killed_from_outside },
	{ .name = "exits-137", .meaning = "ends itself with the status of a kill", .uploaded = exit_137 },
	{ .name = "exits-0-early", .meaning = "ends itself as if all were well", .uploaded = exit_0 },
	{ .name = "exits-while-settling", .meaning = "ends itself when the load is over", .uploaded = exit_later },
	{ .name = "exits-full", .meaning = "ends itself with memory nearly full", .uploaded = exit_full },
	{ .name = "aborts-with-message",
	  .meaning = "an allocation fails, and it says so",
	  .uploaded = abort_with_message },
	{ .name = "aborts-silently",
	  .meaning = "an allocation fails, and it does not say so",
	  .uploaded = abort_silently },
	{ .name = "segfaults-full", .meaning = "SIGSEGV with memory nearly full", .uploaded = segfault },
	{ .name = "kills-its-workers",
	  .meaning = "its workers end by SIGKILL and SIGSEGV, and it lives",
	  .received = service_forget,
	  .uploaded = kill_worker },
	{ .name = "daemonises", .meaning = "serves from a child and lets its parent end", .listening = daemonise },
	{ .name = "never-ready", .meaning = "never listens", .start = never_listen },
	{ .name = NULL },
};
