#include "ticker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"

struct ticker {
	uint64_t interval_ns;
	void (*fn)(void *arg);
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
};

static void *ticker_main(void *arg)
{
	struct ticker *t = arg;
	pthread_mutex_lock(&t->lock);
	for (;;) {
		/* From the end of the pass before: one that outlasts the interval must not be followed at once. */
		uint64_t due_ns = clock_ns() + t->interval_ns;
		struct timespec ts = { .tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S) };
		while (!t->stopping && clock_ns() < due_ns)
			pthread_cond_timedwait(&t->wake, &t->lock, &ts);
		if (t->stopping)
			break;
		pthread_mutex_unlock(&t->lock);
		t->fn(t->arg);
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int ticker_start(struct ticker **out, uint64_t interval_ns, void (*fn)(void *arg), void *arg, struct error *err)
{
	struct ticker *t = xcalloc(1, sizeof(*t));
	*t = (struct ticker){ .interval_ns = interval_ns, .fn = fn, .arg = arg };
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	int rc = pthread_create(&t->thread, NULL, ticker_main, t);
	if (rc != 0) {
		free(t);
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start a ticker's thread");
	}
	*out = t;
	return 0;
}

void ticker_stop(struct ticker *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
