#include "run/squeeze.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

/*
 * One request is not all: the kernel counts no slab as progress of a group's reclaim (flush_reclaim_state() in
 * mm/vmscan.c), so where there is little page cache it gives up with dentries and inodes left.  It is asked again until
 * a request brings no more than this, the batch of a CPU's charges in advance.
 */
#define REQUESTS 8
#define FREED_LEAST_BYTES (64 * 4096)

/*
 * Dentries and inodes stay charged for some milliseconds after they were taken back
 * (the kernel frees them after an RCU grace period, of which nobody tells).
 */
#define LOOKS 10
#define LOOK_US 20000

struct squeeze_work {
	pthread_mutex_t lock; /* of given_up and over */
	bool given_up, over;
	int dir_fd; /* the data folder */
	struct isolation *iso;
	uv_async_t *done;
	struct isolation_final after;
	struct error err;
	int rc;
};

/* The lowest reading counts: what a busy server takes anew meanwhile had come back. */
static int read_lowest(struct isolation *iso, struct isolation_final *lowest, struct error *err)
{
	int rc = iso->backend->final(iso, lowest, err);
	for (int looks = 1; rc == 0 && looks < LOOKS; looks++) {
		struct isolation_final now;
		usleep(LOOK_US);
		rc = iso->backend->final(iso, &now, err);
		if (rc != 0 || now.memory.field[MEMORY_USAGE].value >= lowest->memory.field[MEMORY_USAGE].value)
			return rc;
		*lowest = now;
	}
	return rc;
}

static bool is_given_up(struct squeeze_work *w)
{
	pthread_mutex_lock(&w->lock);
	bool given_up = w->given_up;
	pthread_mutex_unlock(&w->lock);
	return given_up;
}

static int work(struct squeeze_work *w)
{
	if (folders_sync_fd(w->dir_fd, &w->err) != 0)
		return -1;
	if (is_given_up(w))
		return -1;
	uint64_t before = UINT64_MAX;
	for (int requests = 0; requests < REQUESTS; requests++) {
		struct isolation_final after;
		if (w->iso->backend->squeeze(w->iso, &w->err) != 0 || is_given_up(w) ||
		    read_lowest(w->iso, &after, &w->err) != 0)
			return -1;
		uint64_t usage = after.memory.field[MEMORY_USAGE].value;
		if (usage < before)
			w->after = after;
		if (is_given_up(w) || before < usage + FREED_LEAST_BYTES)
			break;
		before = usage;
	}
	return is_given_up(w) ? -1 : 0;
}

/* Once it is over, the loop's thread alone has it: to take, or to see that nobody is in the group any more. */
static void *run_work(void *arg)
{
	struct squeeze_work *w = arg;
	w->rc = work(w);
	close(w->dir_fd);
	pthread_mutex_lock(&w->lock);
	w->over = true;
	if (!w->given_up)
		uv_async_send(w->done);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int start_thread(struct squeeze_work *w, struct error *err)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, run_work, w);
	if (rc != 0)
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start a thread to ask the page cache back");
	pthread_detach(thread);
	return 0;
}

int squeeze_start(struct squeeze *s, const struct folders *folders, struct isolation *iso, uv_async_t *done,
		  struct error *err)
{
	int dir_fd = folders_open_data(folders, err);
	if (dir_fd < 0)
		return -1;
	struct squeeze_work *w = xcalloc(1, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	w->dir_fd = dir_fd;
	w->iso = iso;
	w->done = done;
	if (start_thread(w, err) != 0) {
		close(dir_fd);
		free(w);
		return -1;
	}
	s->work = w;
	return 0;
}

static bool is_over(struct squeeze_work *w)
{
	pthread_mutex_lock(&w->lock);
	bool over = w->over;
	pthread_mutex_unlock(&w->lock);
	return over;
}

void squeeze_release(struct squeeze *s)
{
	if (s->work == NULL || !is_over(s->work))
		return; /* the thread has the rest */
	pthread_mutex_destroy(&s->work->lock);
	free(s->work);
	s->work = NULL;
}

int squeeze_take(struct squeeze *s, struct isolation_final *after, struct error *err)
{
	struct squeeze_work *w = s->work;
	int rc = w->rc;
	*after = w->after;
	if (rc != 0)
		*err = w->err;
	squeeze_release(s);
	return rc;
}

void squeeze_give_up(struct squeeze *s)
{
	if (s->work == NULL || s->given_up)
		return;
	pthread_mutex_lock(&s->work->lock);
	s->given_up = s->work->given_up = true;
	pthread_mutex_unlock(&s->work->lock);
}

bool squeeze_holds_group(const struct squeeze *s)
{
	return s->given_up && !is_over(s->work);
}
