/*
 * sink_queue - chunks go through the writer's queue and are committed one by
 * one.  A chunk is collected in a buffer of the writer's pool; when as many
 * uploads as may be are filling one, in a temporary file, from which it is read
 * back when it is full.  So memory does not depend on the number of uploads,
 * and clients that stall hold files, not buffers others wait for.
 */
#include "ingest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "forget.h"
#include "server.h"

/* Chunks of one upload that may be on their way, so that a fast client leaves room for the others. */
#define ON_THE_WAY_MAX 2

struct queued_chunk {
	struct job job;
	struct queue_state *owner;
	struct chunk_buffer *buffer; /* NULL: the slot is free */
	size_t len;
	int64_t index;
};

struct queue_state {
	struct ingest *ingest;
	struct chunk_buffer *buffer; /* being filled; NULL: nothing yet, or spooling */
	bool spooling;
	bool spool_open;
	struct temp_file spool;
	size_t fill; /* bytes of the chunk being collected */
	int64_t next_index;

	pthread_mutex_t lock; /* what follows is shared with the writer's thread */
	pthread_cond_t written;
	struct queued_chunk slots[ON_THE_WAY_MAX];
	unsigned on_the_way;
	bool failed;
	struct error failure;
};

static int queue_begin(struct ingest *ingest, struct error *err)
{
	(void)err;
	struct queue_state *q = xcalloc(1, sizeof(*q));
	q->ingest = ingest;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->written, NULL);
	ingest->state = q;
	return 0;
}

static void queue_release(struct queue_state *q)
{
	if (q->buffer != NULL)
		chunk_buffer_free(&q->ingest->server->writer, q->buffer, true);
	if (q->spool_open)
		temp_file_close(&q->spool, false);
	pthread_cond_destroy(&q->written);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static int chunk_run(struct db_connection *c, struct job *job, struct error *err)
{
	struct queued_chunk *chunk = (struct queued_chunk *)job;
	struct queue_state *q = chunk->owner;
	pthread_mutex_lock(&q->lock);
	bool failed = q->failed;
	pthread_mutex_unlock(&q->lock);
	if (failed)
		return 0; /* the upload is lost already: why is known */
	if (database_check_space(c, err) != 0)
		return -1;
	return store_insert_chunk(c, q->ingest->id, chunk->index, chunk->buffer->data, chunk->len, err);
}

static void chunk_done(struct job *job, int result, const struct error *err)
{
	struct queued_chunk *chunk = (struct queued_chunk *)job;
	struct queue_state *q = chunk->owner;
	chunk_buffer_free(&q->ingest->server->writer, chunk->buffer, false);
	pthread_mutex_lock(&q->lock);
	chunk->buffer = NULL;
	q->on_the_way--;
	if (result != 0 && !q->failed) {
		q->failed = true;
		q->failure = *err;
	}
	pthread_cond_signal(&q->written);
	pthread_mutex_unlock(&q->lock);
}

/* Waits until at most `most` chunks are on their way; -1 when one of them failed. */
static int wait_written(struct queue_state *q, unsigned most, struct error *err)
{
	pthread_mutex_lock(&q->lock);
	while (q->on_the_way > most)
		pthread_cond_wait(&q->written, &q->lock);
	int rc = q->failed ? -1 : 0;
	if (q->failed && err != NULL)
		*err = q->failure;
	pthread_mutex_unlock(&q->lock);
	return rc;
}

/* The collected chunk as a buffer that is on its way. */
static struct chunk_buffer *take_collected(struct queue_state *q, struct error *err)
{
	struct writer *w = &q->ingest->server->writer;
	struct chunk_buffer *buffer = q->buffer;
	if (buffer != NULL) {
		chunk_buffer_filled(w);
		q->buffer = NULL;
		return buffer;
	}
	buffer = chunk_buffer_wait(w);
	if (buffer == NULL) {
		error_set(err, ERROR_INTERRUPTED, "the server is stopping");
	} else if (temp_file_read(&q->spool, buffer->data, q->fill, 0, err) != 0) {
		chunk_buffer_free(w, buffer, false);
		buffer = NULL;
	}
	return buffer;
}

static int submit(struct queue_state *q, struct error *err)
{
	struct writer *w = &q->ingest->server->writer;
	if (wait_written(q, ON_THE_WAY_MAX - 1, err) != 0)
		return -1;
	struct chunk_buffer *buffer = take_collected(q, err);
	if (buffer == NULL)
		return -1;
	pthread_mutex_lock(&q->lock);
	struct queued_chunk *chunk = q->slots;
	while (chunk->buffer != NULL)
		chunk++;
	*chunk = (struct queued_chunk){ .job = { .run = chunk_run, .done = chunk_done },
					.owner = q,
					.buffer = buffer,
					.len = q->fill,
					.index = q->next_index };
	q->on_the_way++;
	pthread_mutex_unlock(&q->lock);
	q->next_index++;
	q->fill = 0;
	q->spooling = false;
	if (!writer_post(w, &chunk->job)) {
		struct error stopping;
		error_set(&stopping, ERROR_INTERRUPTED, "the server is stopping");
		chunk_done(&chunk->job, -1, &stopping);
	}
	return 0;
}

/* Finds a place for the next chunk. */
static int start_chunk(struct queue_state *q, struct error *err)
{
	q->buffer = chunk_buffer_try(&q->ingest->server->writer);
	if (q->buffer != NULL)
		return 0;
	if (!q->spool_open && temp_file_create(&q->ingest->server->temp_files, &q->spool, err) != 0)
		return -1;
	q->spool_open = true;
	q->spooling = true;
	return 0;
}

static int queue_write(struct ingest *ingest, const char *data, size_t len, struct error *err)
{
	struct queue_state *q = ingest->state;
	while (len > 0) {
		if (q->buffer == NULL && !q->spooling && start_chunk(q, err) != 0)
			return -1;
		size_t n = CHUNK_BYTES - q->fill;
		if (n > len)
			n = len;
		if (q->buffer != NULL)
			memcpy(q->buffer->data + q->fill, data, n);
		else if (temp_file_write(&q->spool, data, n, q->fill, err) != 0)
			return -1;
		q->fill += n;
		data += n;
		len -= n;
		if (q->fill == CHUNK_BYTES && submit(q, err) != 0)
			return -1;
	}
	return 0;
}

struct finish {
	struct queue_state *q;
	const char *filename;
};

/* The queue is in order: when this runs, every chunk of the upload has been written or has failed. */
static int finish_entry(struct db_connection *c, void *arg, struct error *err)
{
	struct finish *f = arg;
	const struct ingest *ingest = f->q->ingest;
	if (wait_written(f->q, 0, err) != 0)
		return -1;
	return store_insert_entry(c, ingest->id, f->filename, ingest->size_bytes, err);
}

static int queue_commit(struct ingest *ingest, const char *filename, struct error *err)
{
	struct queue_state *q = ingest->state;
	if (q->fill > 0 && submit(q, err) != 0)
		return -1;
	if (writer_call(&ingest->server->writer, finish_entry, &(struct finish){ q, filename }, err) != 0)
		return -1;
	queue_release(q);
	return 0;
}

static void queue_abort(struct ingest *ingest)
{
	struct queue_state *q = ingest->state;
	wait_written(q, 0, NULL);
	if (q->next_index > 0)
		forget_entry(ingest->server, ingest->id);
	queue_release(q);
}

const struct sink sink_queue = {
	.begin = queue_begin,
	.write = queue_write,
	.commit = queue_commit,
	.abort = queue_abort,
};
