/*
 * writer - the one thread that writes to the database, its queue, and the
 * chunk buffers that travel through it.
 *
 * All writes of a server without P4 pass here in the order they were posted,
 * so that receiving overlaps with writing and no upload waits for another's
 * lock.  Memory is bounded by the pool: CHUNK_BUFFERS buffers, of which at most
 * CHUNK_BUFFERS_FILLING are half full in the hands of uploads; the others are
 * always on their way through the queue, so waiting for one ends whatever any
 * client does.
 *
 * Life cycle: writer_start; post and call; writer_stop (what is still queued
 * then fails, its owner being told).  Any thread; on the writer's own, only
 * writer_post and chunk_buffer_free.
 */
#ifndef CHUNKSERVER_WRITER_H
#define CHUNKSERVER_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct server;
struct db_connection;

#define CHUNK_BUFFERS 10
#define CHUNK_BUFFERS_FILLING 6

/*
 * A unit of work.  `run` does it on the writer's connection; `done` is called
 * afterwards on the writer's thread with run's result (-1 without run when there
 * is no connection), and then the job is its owner's again.
 */
struct job {
	struct job *next;
	int (*run)(struct db_connection *connection, struct job *job, struct error *err);
	void (*done)(struct job *job, int result, const struct error *err);
};

struct chunk_buffer {
	struct chunk_buffer *next_free;
	char *data; /* CHUNK_BYTES */
};

struct writer {
	struct server *server;
	pthread_t thread;
	bool started, stopping;
	pthread_mutex_t lock;
	pthread_cond_t posted;
	struct job *head, **tail;
	size_t length;

	pthread_cond_t freed;
	struct chunk_buffer buffers[CHUNK_BUFFERS];
	struct chunk_buffer *free_buffers;
	unsigned filling;
};

int writer_start(struct writer *w, struct server *server, struct error *err);
void writer_stop(struct writer *w);

/* Queues a job; false when the writer is stopping and will not take it. */
bool writer_post(struct writer *w, struct job *job);

/* Runs fn(connection, arg, err) on the writer's thread and waits for its result. */
int writer_call(struct writer *w, int (*fn)(struct db_connection *, void *, struct error *), void *arg,
		struct error *err);

size_t writer_queue_length(struct writer *w);

/*
 * A buffer to fill slowly; NULL when as many as may be are being filled (the
 * caller finds another place for its bytes) or the writer is stopping.
 */
struct chunk_buffer *chunk_buffer_try(struct writer *w);

/* A buffer that will be handed to the writer at once; waits.  NULL when stopping. */
struct chunk_buffer *chunk_buffer_wait(struct writer *w);

/* The buffer is full: it counts as on its way from now on. */
void chunk_buffer_filled(struct writer *w);

/* Gives a buffer back; was_filling: it came from chunk_buffer_try and was not announced as filled. */
void chunk_buffer_free(struct writer *w, struct chunk_buffer *buffer, bool was_filling);

#endif
