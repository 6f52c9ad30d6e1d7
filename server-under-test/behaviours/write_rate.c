/*
 * write-rate: a dead end of PicoShare's author, who throttled what the server
 * writes to see whether a slow disk was the cause.  In the program, because the
 * kernel's throttle of a group (blkio of cgroup v1) does not see buffered writes:
 * only those that the group itself waits for.
 */
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "server.h"

/* A stop waits no longer than this for whoever is being throttled. */
#define NAP_MAX_NS (50 * NS_PER_MS)

/* When the disk has written all that was given to it so far; as long-lived as the writer's thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t free_ns;

/* Whoever writes waits as long as the disk would take, a lock on the database in hand or not. */
static void wait_for_disk(struct server *server, size_t len)
{
	uint64_t now = clock_ns();
	pthread_mutex_lock(&lock);
	if (free_ns < now)
		free_ns = now;
	free_ns += len * NS_PER_S / server->behaviour[WRITE_RATE];
	uint64_t due_ns = free_ns;
	pthread_mutex_unlock(&lock);
	while ((now = clock_ns()) < due_ns && !atomic_load(&server->stopping)) {
		uint64_t nap_ns = due_ns - now < NAP_MAX_NS ? due_ns - now : NAP_MAX_NS;
		nanosleep(&(struct timespec){ .tv_nsec = (long)nap_ns }, NULL);
	}
}

const struct behaviour_hooks write_rate_hooks = {
	.chunk_stored = wait_for_disk,
};
