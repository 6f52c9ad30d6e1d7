/*
 * C1, deferred-cleanup: the clean-up thread.  Requests are correct, every
 * statement is reset and every connection released; but "released" only means
 * that its finaliser is queued.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cleanup.h"
#include "server.h"

struct cleanup {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t posted;
	struct finaliser *head, **tail;
	uint64_t waiting, done;
	bool stopping;
	atomic_uint_fast64_t canary_posted_ns; /* 0: none is waiting */
};

struct closing {
	struct finaliser finaliser;
	struct db_connection *connection;
};

struct disposable {
	struct finaliser finaliser;
	struct cleanup *cleanup;
};

void cleanup_post(struct cleanup *c, struct finaliser *f)
{
	f->next = NULL;
	pthread_mutex_lock(&c->lock);
	*c->tail = f;
	c->tail = &f->next;
	c->waiting++;
	pthread_cond_signal(&c->posted);
	pthread_mutex_unlock(&c->lock);
}

static void close_connection(struct finaliser *f)
{
	struct closing *closing = (struct closing *)f;
	db_close_deferred(closing->connection);
	free(closing);
}

void cleanup_post_connection(struct cleanup *c, struct db_connection *connection)
{
	struct closing *closing = xcalloc(1, sizeof(*closing));
	closing->finaliser.run = close_connection;
	closing->connection = connection;
	cleanup_post(c, &closing->finaliser);
}

static void dispose(struct finaliser *f)
{
	struct disposable *d = (struct disposable *)f;
	atomic_store(&d->cleanup->canary_posted_ns, 0);
	free(d);
}

void cleanup_post_canary(struct cleanup *c)
{
	if (atomic_load(&c->canary_posted_ns) != 0)
		return;
	struct disposable *d = xcalloc(1, sizeof(*d));
	d->finaliser.run = dispose;
	d->cleanup = c;
	atomic_store(&c->canary_posted_ns, clock_ns());
	cleanup_post(c, &d->finaliser);
}

uint64_t cleanup_canary_lag_ns(struct cleanup *c)
{
	uint64_t posted_ns = atomic_load(&c->canary_posted_ns);
	return posted_ns == 0 ? 0 : clock_ns() - posted_ns;
}

static void *cleanup_main(void *arg)
{
	struct cleanup *c = arg;
	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (c->head == NULL && !c->stopping)
			pthread_cond_wait(&c->posted, &c->lock);
		struct finaliser *f = c->head;
		if (f == NULL)
			break;
		c->head = f->next;
		if (c->head == NULL)
			c->tail = &c->head;
		pthread_mutex_unlock(&c->lock);
		f->run(f);
		pthread_mutex_lock(&c->lock);
		c->waiting--;
		c->done++;
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static int cleanup_start(struct server *server, struct error *err)
{
	struct cleanup *c = xcalloc(1, sizeof(*c));
	c->tail = &c->head;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->posted, NULL);
	int rc = pthread_create(&c->thread, NULL, cleanup_main, c);
	if (rc != 0) {
		free(c);
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the clean-up thread");
	}
	server->cleanup = c;
	return 0;
}

static void cleanup_stop(struct server *server)
{
	struct cleanup *c = server->cleanup;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->posted);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->posted);
	pthread_mutex_destroy(&c->lock);
	free(c);
	server->cleanup = NULL;
}

static void cleanup_debug(struct server *server, json_t *report)
{
	struct cleanup *c = server->cleanup;
	pthread_mutex_lock(&c->lock);
	json_object_set_new(report, "cleanup_waiting", json_integer((json_int_t)c->waiting));
	json_object_set_new(report, "cleanup_done", json_integer((json_int_t)c->done));
	pthread_mutex_unlock(&c->lock);
}

const struct behaviour_hooks cleanup_hooks = {
	.start = cleanup_start,
	.stop = cleanup_stop,
	.debug = cleanup_debug,
};
