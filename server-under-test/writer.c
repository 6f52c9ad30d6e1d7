#include "writer.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "server.h"

static struct job *next_job(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->head == NULL && !w->stopping)
		pthread_cond_wait(&w->posted, &w->lock);
	struct job *job = w->head;
	if (job != NULL) {
		w->head = job->next;
		if (w->head == NULL)
			w->tail = &w->head;
		w->length--;
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void run_job(struct writer *w, struct job *job)
{
	struct error err = ERROR_INIT;
	int result = -1;
	struct db_connection *c = db_acquire(&w->server->database, DB_WRITE, &err);
	if (c != NULL) {
		result = job->run(c, job, &err);
		/* A reader may have kept the log from its start until it filled the disk, and no commit can end that.
		 */
		if (result != 0 && err.sys_errno == ENOSPC && database_make_room(c)) {
			err = (struct error){ .code = ERROR_NONE };
			result = job->run(c, job, &err);
		}
		db_release(c);
	}
	job->done(job, result, &err);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	for (struct job *job; (job = next_job(w)) != NULL;)
		run_job(w, job);
	return NULL;
}

int writer_start(struct writer *w, struct server *server, struct error *err)
{
	memset(w, 0, sizeof(*w));
	w->server = server;
	w->tail = &w->head;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->posted, NULL);
	pthread_cond_init(&w->freed, NULL);
	/* Mapped, not malloc'ed: a buffer that was never needed costs no memory. */
	char *data = mmap(NULL, (size_t)CHUNK_BUFFERS * CHUNK_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		server_out_of_memory((uint64_t)CHUNK_BUFFERS * CHUNK_BYTES);
	for (size_t i = CHUNK_BUFFERS; i-- > 0;) {
		w->buffers[i].data = data + i * CHUNK_BYTES;
		w->buffers[i].next_free = w->free_buffers;
		w->free_buffers = &w->buffers[i];
	}
	int rc = pthread_create(&w->thread, NULL, writer_main, w);
	if (rc != 0)
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the writer's thread");
	w->started = true;
	return 0;
}

void writer_stop(struct writer *w)
{
	if (!w->started)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->posted);
	pthread_cond_broadcast(&w->freed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL); /* with the database interrupted, what is queued fails at once */
	munmap(w->buffers[0].data, (size_t)CHUNK_BUFFERS * CHUNK_BYTES);
	pthread_cond_destroy(&w->freed);
	pthread_cond_destroy(&w->posted);
	pthread_mutex_destroy(&w->lock);
	w->started = false;
}

bool writer_post(struct writer *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	bool accepted = !w->stopping;
	if (accepted) {
		job->next = NULL;
		*w->tail = job;
		w->tail = &job->next;
		w->length++;
		pthread_cond_signal(&w->posted);
	}
	pthread_mutex_unlock(&w->lock);
	return accepted;
}

struct call {
	struct job job;
	int (*fn)(struct db_connection *, void *, struct error *);
	void *arg;
	struct error *err;
	int result;
	bool finished;
	pthread_mutex_t lock;
	pthread_cond_t done;
};

static int call_run(struct db_connection *connection, struct job *job, struct error *err)
{
	struct call *call = (struct call *)job;
	return call->fn(connection, call->arg, err);
}

static void call_done(struct job *job, int result, const struct error *err)
{
	struct call *call = (struct call *)job;
	pthread_mutex_lock(&call->lock);
	call->result = result;
	if (call->err != NULL)
		*call->err = *err;
	call->finished = true;
	pthread_cond_signal(&call->done);
	pthread_mutex_unlock(&call->lock);
}

int writer_call(struct writer *w, int (*fn)(struct db_connection *, void *, struct error *), void *arg,
		struct error *err)
{
	struct call call = { .job = { .run = call_run, .done = call_done }, .fn = fn, .arg = arg, .err = err };
	pthread_mutex_init(&call.lock, NULL);
	pthread_cond_init(&call.done, NULL);
	if (writer_post(w, &call.job)) {
		pthread_mutex_lock(&call.lock);
		while (!call.finished)
			pthread_cond_wait(&call.done, &call.lock);
		pthread_mutex_unlock(&call.lock);
	} else {
		call.result = error_set(err, ERROR_INTERRUPTED, "the server is stopping");
	}
	pthread_cond_destroy(&call.done);
	pthread_mutex_destroy(&call.lock);
	return call.result;
}

size_t writer_queue_length(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	size_t length = w->length;
	pthread_mutex_unlock(&w->lock);
	return length;
}

/* Takes a free buffer, waiting for one; the lock is held.  NULL when stopping. */
static struct chunk_buffer *take_buffer(struct writer *w)
{
	while (w->free_buffers == NULL && !w->stopping)
		pthread_cond_wait(&w->freed, &w->lock);
	if (w->stopping)
		return NULL;
	struct chunk_buffer *buffer = w->free_buffers;
	w->free_buffers = buffer->next_free;
	return buffer;
}

struct chunk_buffer *chunk_buffer_try(struct writer *w)
{
	struct chunk_buffer *buffer = NULL;
	pthread_mutex_lock(&w->lock);
	if (w->filling < CHUNK_BUFFERS_FILLING) {
		w->filling++;
		buffer = take_buffer(w);
		if (buffer == NULL)
			w->filling--;
	}
	pthread_mutex_unlock(&w->lock);
	return buffer;
}

struct chunk_buffer *chunk_buffer_wait(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	struct chunk_buffer *buffer = take_buffer(w);
	pthread_mutex_unlock(&w->lock);
	return buffer;
}

void chunk_buffer_filled(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->filling--;
	pthread_mutex_unlock(&w->lock);
}

void chunk_buffer_free(struct writer *w, struct chunk_buffer *buffer, bool was_filling)
{
	pthread_mutex_lock(&w->lock);
	if (was_filling)
		w->filling--;
	buffer->next_free = w->free_buffers;
	w->free_buffers = buffer;
	pthread_cond_signal(&w->freed);
	pthread_mutex_unlock(&w->lock);
}
