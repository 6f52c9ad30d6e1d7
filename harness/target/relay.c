#include "target/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/mask.h"

#define PIECE_BYTES (64u << 10)
#define PIPE_BYTES (1 << 20) /* what the server may print before it waits for this thread */
#define SECRET_BYTES (256u << 10)

struct relay {
	struct relay_options options;
	int read_fd, write_fd, wake_fd, file;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t settled;
	unsigned asked, done; /* settlings */
	bool stop, found, searching;
	struct relay_totals totals;

	/* the thread's own */
	char piece[PIECE_BYTES];
	struct buf held; /* what may be the beginning of a secret, then what follows it */
	struct buf seen; /* end of the last piece, in which the awaited text may begin */
	uint64_t kept;	 /* bytes of the head */
	bool full;	 /* the head, or the disk */
	char *tail;	 /* ring, once the head is full */
	uint64_t tail_bytes;
};

/* ---- to the file -------------------------------------------------------- */

static size_t write_all(int fd, const char *data, size_t len)
{
	size_t written = 0;
	while (written < len) {
		ssize_t n = write(fd, data + written, len - written);
		if (n < 0 && errno != EINTR)
			break;
		written += n > 0 ? (size_t)n : 0;
	}
	return written;
}

static void keep_tail(struct relay *r, const char *data, size_t len)
{
	if (r->tail == NULL)
		r->tail = xmalloc(RELAY_TAIL_BYTES);
	for (size_t done = 0; done < len;) {
		size_t at = (r->tail_bytes + done) % RELAY_TAIL_BYTES;
		size_t n = len - done < RELAY_TAIL_BYTES - at ? len - done : RELAY_TAIL_BYTES - at;
		memcpy(r->tail + at, data + done, n);
		done += n;
	}
	r->tail_bytes += len;
}

static void keep(struct relay *r, const char *data, size_t len)
{
	size_t head = r->full ? 0 : RELAY_HEAD_BYTES - r->kept < len ? (size_t)(RELAY_HEAD_BYTES - r->kept) : len;
	size_t written = write_all(r->file, data, head);
	r->kept += written;
	r->full = r->full || written < head || r->kept == RELAY_HEAD_BYTES;
	if (written < len)
		keep_tail(r, data + written, len - written);
	pthread_mutex_lock(&r->lock);
	r->totals.dropped_bytes = r->tail_bytes > RELAY_TAIL_BYTES ? r->tail_bytes - RELAY_TAIL_BYTES : 0;
	pthread_mutex_unlock(&r->lock);
	if (r->options.piece != NULL)
		r->options.piece(r->options.arg, data, len);
}

/* all: nothing more is to be waited for. */
static void pass_on(struct relay *r, bool all)
{
	struct buf masked = BUF_INIT;
	size_t held = all || r->held.len > SECRET_BYTES ? 0 : mask_held(buf_str(&r->held), r->held.len);
	size_t len = r->held.len - held;
	mask_add(&masked, buf_str(&r->held), len);
	if (masked.len > 0)
		keep(r, masked.data, masked.len);
	buf_release(&masked);
	if (held > 0)
		memmove(r->held.data, r->held.data + len, held);
	r->held.len = held;
}

/* ---- from the pipe ------------------------------------------------------ */

static void search(struct relay *r, const char *data, size_t len)
{
	size_t want = strlen(r->options.await);
	buf_add(&r->seen, data, len);
	if (memmem(buf_str(&r->seen), r->seen.len, r->options.await, want) != NULL) {
		r->found = true;
		r->searching = false;
	}
	size_t rest = r->seen.len < want ? r->seen.len : want > 0 ? want - 1 : 0;
	memmove(r->seen.data, r->seen.data + r->seen.len - rest, rest);
	r->seen.len = rest;
}

/* Bytes taken; 0: there are none. */
static size_t take(struct relay *r)
{
	ssize_t n = read(r->read_fd, r->piece, sizeof(r->piece));
	if (n <= 0)
		return 0;
	pthread_mutex_lock(&r->lock);
	r->totals.bytes += (uint64_t)n;
	if (r->searching)
		search(r, r->piece, (size_t)n);
	pthread_mutex_unlock(&r->lock);
	buf_add(&r->held, r->piece, (size_t)n);
	pass_on(r, false);
	return (size_t)n;
}

/* What was in the pipe when this was asked for: a server that goes on printing does not keep it from its end. */
static void settle(struct relay *r, unsigned asked)
{
	int there = 0;
	ioctl(r->read_fd, FIONREAD, &there);
	for (size_t n = 1; there > 0 && n > 0; there -= (int)n)
		n = take(r);
	pass_on(r, true);
	pthread_mutex_lock(&r->lock);
	r->done = asked;
	pthread_cond_broadcast(&r->settled);
	pthread_mutex_unlock(&r->lock);
}

static void complete(struct relay *r)
{
	if (r->tail_bytes == 0)
		return;
	size_t len = r->tail_bytes < RELAY_TAIL_BYTES ? (size_t)r->tail_bytes : RELAY_TAIL_BYTES;
	size_t start = r->tail_bytes > RELAY_TAIL_BYTES ? (size_t)(r->tail_bytes % RELAY_TAIL_BYTES) : 0;
	if (r->tail_bytes > RELAY_TAIL_BYTES)
		dprintf(r->file, "\n---- oomrig: %llu bytes of its log are left out here ----\n",
			(unsigned long long)(r->tail_bytes - RELAY_TAIL_BYTES));
	write_all(r->file, r->tail + start, len - start);
	write_all(r->file, r->tail, start);
}

static void *run(void *arg)
{
	struct relay *r = arg;
	for (bool stop = false; !stop;) {
		struct pollfd fds[] = { { .fd = r->read_fd, .events = POLLIN },
					{ .fd = r->wake_fd, .events = POLLIN } };
		poll(fds, 2, -1);
		if (fds[0].revents != 0)
			take(r);
		if (fds[1].revents == 0)
			continue;
		uint64_t count;
		ssize_t n = read(r->wake_fd, &count, sizeof(count));
		(void)n; /* it only wakes */
		pthread_mutex_lock(&r->lock);
		unsigned asked = r->asked;
		stop = r->stop;
		pthread_mutex_unlock(&r->lock);
		settle(r, asked);
	}
	complete(r);
	return NULL;
}

/* ---- the loop's side ---------------------------------------------------- */

static void release(struct relay *r)
{
	int fds[] = { r->read_fd, r->write_fd, r->wake_fd, r->file };
	for (size_t i = 0; i < COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buf_release(&r->held);
	buf_release(&r->seen);
	free(r->tail);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->settled);
	free(r);
}

static int open_all(struct relay *r, struct error *err)
{
	int ends[2];
	r->file = open(r->options.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (r->file < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", r->options.path);
	r->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (r->wake_fd < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make a pipe for the server's log");
	r->read_fd = ends[0];
	r->write_fd = ends[1];
	/* Each end has its own flags (pipe(7)): the server's stays as programs expect it. */
	fcntl(r->read_fd, F_SETFL, O_NONBLOCK);
	fcntl(r->write_fd, F_SETPIPE_SZ, PIPE_BYTES); /* refused to some users: then it is the usual 64 KiB */
	return 0;
}

int relay_start(struct relay **out, const struct relay_options *options, struct error *err)
{
	struct relay *r = xcalloc(1, sizeof(*r));
	r->held = r->seen = (struct buf)BUF_INIT;
	*out = NULL;
	r->options = *options;
	r->searching = options->await != NULL;
	r->read_fd = r->write_fd = r->wake_fd = r->file = -1;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->settled, NULL);
	int rc = open_all(r, err);
	int failed = rc == 0 ? pthread_create(&r->thread, NULL, run, r) : 0;
	if (failed != 0)
		rc = error_set_errno(err, ERROR_SYSTEM, failed, "cannot start a thread for the server's log");
	if (rc != 0)
		release(r);
	else
		*out = r;
	return rc;
}

int relay_fd(const struct relay *r)
{
	return r->write_fd;
}

static void ask(struct relay *r, bool stop)
{
	uint64_t one = 1;
	pthread_mutex_lock(&r->lock);
	unsigned asked = ++r->asked;
	r->stop = stop;
	ssize_t n = write(r->wake_fd, &one, sizeof(one));
	(void)n; /* fails only when it is awake already */
	while ((int)(r->done - asked) < 0)
		pthread_cond_wait(&r->settled, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

void relay_settle(struct relay *r, struct relay_totals *totals)
{
	ask(r, false);
	pthread_mutex_lock(&r->lock);
	*totals = r->totals;
	pthread_mutex_unlock(&r->lock);
}

void relay_new_life(struct relay *r, const char *note)
{
	struct relay_totals totals;
	relay_settle(r, &totals);
	write_all(r->write_fd, note, strlen(note));
	pthread_mutex_lock(&r->lock);
	r->found = false;
	r->searching = r->options.await != NULL;
	r->seen.len = 0;
	pthread_mutex_unlock(&r->lock);
}

bool relay_found(struct relay *r)
{
	pthread_mutex_lock(&r->lock);
	bool found = r->found;
	pthread_mutex_unlock(&r->lock);
	return found;
}

void relay_stop(struct relay *r)
{
	if (r == NULL)
		return;
	ask(r, true);
	pthread_join(r->thread, NULL);
	release(r);
}
