#include "http/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"

/* What one callback of the loop may take before the others have theirs; one transfer's piece may come on top. */
#define TURN_NS (4 * NS_PER_MS)
#define READY_MAX 64

/* More than any server of goodwill sends; what the rig keeps of an answer's head is bounded by it. */
#define HEADER_LINES_MAX 256
#define HEADER_BYTES_MAX (64u << 10)

TAILQ_HEAD(transfers, http_transfer);

struct http_client {
	CURLM *multi;
	uv_timer_t timer;
	uv_poll_t poll; /* of epoll_fd, in which curl's sockets are */
	uv_idle_t idle; /* active while a transfer rests or curl is due */
	bool due;	/* curl asked to be called as soon as possible */
	int epoll_fd;
	struct epoll_event ready[READY_MAX]; /* told and not acted on yet: from next on */
	int ready_count, next;
	uint64_t turn_ends_ns;
	struct transfers running, resting;
	unsigned open_handles; /* libuv handles whose close callback is still to come */
	void (*closed)(void *arg);
	void *closed_arg;
	bool closing;
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct http_client *c = handle->data;
	if (--c->open_handles > 0)
		return;
	void (*closed)(void *) = c->closed;
	void *arg = c->closed_arg;
	close(c->epoll_fd);
	free(c);
	if (closed != NULL)
		closed(arg);
}

/* ---- turns -------------------------------------------------------------- */

static void turn_begin(struct http_client *c)
{
	c->turn_ends_ns = clock_ns() + TURN_NS;
}

static bool turn_is_over(const struct http_client *c)
{
	return c->closing || clock_ns() >= c->turn_ends_ns;
}

static void on_idle(uv_idle_t *idle);

static void idle_if_needed(struct http_client *c)
{
	if (c->due || !TAILQ_EMPTY(&c->resting))
		uv_idle_start(&c->idle, on_idle);
	else
		uv_idle_stop(&c->idle);
}

static void wake(struct http_client *c, struct http_transfer *t)
{
	if (!t->resting)
		return;
	t->resting = false;
	TAILQ_REMOVE(&c->resting, t, rest);
	idle_if_needed(c);
}

static void unlink_transfer(struct http_client *c, struct http_transfer *t)
{
	wake(c, t);
	TAILQ_REMOVE(&c->running, t, run);
	if (TAILQ_EMPTY(&c->running))
		uv_unref((uv_handle_t *)&c->poll);
}

/*
 * A callback may remove any transfer: curl drops the queued message of a
 * removed handle (curl_multi_info_read(3)), so messages are taken one by one.
 */
static void drain(struct http_client *c)
{
	CURLMsg *message;
	int left;
	while (!c->closing && (message = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result; /* the message dies with the removal */
		struct http_transfer *t;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
		curl_multi_remove_handle(c->multi, easy);
		unlink_transfer(c, t);
		t->done(t, result);
	}
}

/* Acts on the socket and on every transfer that is due. */
static void act(struct http_client *c, curl_socket_t fd, int mask)
{
	int running;
	curl_multi_socket_action(c->multi, fd, mask, &running);
	drain(c);
}

/* The next socket that is ready.  The kernel tells them by turns (epoll(7), level-triggered); -1: none. */
static int next_ready(struct http_client *c, int *mask)
{
	if (c->next >= c->ready_count) {
		c->next = 0;
		c->ready_count = epoll_wait(c->epoll_fd, c->ready, READY_MAX, 0);
		if (c->ready_count <= 0)
			return -1;
	}
	/* One told of before may be closed by now: curl leaves out what it does not know, and reads in vain at worst.
	 */
	const struct epoll_event *event = &c->ready[c->next++];
	/*
	 * An error is curl's to find, when it reads and writes: told of it in CURL_CSELECT_ERR it would end the
	 * transfer at once, say only "select/poll returned error", and leave unread what the server answered before
	 * it hung up.
	 */
	*mask = event->events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0;
	if (event->events & (EPOLLOUT | EPOLLERR))
		*mask |= CURL_CSELECT_OUT;
	return event->data.fd;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_client *c = poll->data;
	int fd, mask;
	(void)status;
	(void)events;
	turn_begin(c);
	while (!turn_is_over(c) && (fd = next_ready(c, &mask)) >= 0)
		act(c, fd, mask);
}

static void on_timeout(uv_timer_t *timer)
{
	struct http_client *c = timer->data;
	turn_begin(c);
	act(c, CURL_SOCKET_TIMEOUT, 0);
}

/* Goes on with it when its turn comes. */
static void queue(struct http_client *c, struct http_transfer *t)
{
	if (t->resting)
		return;
	t->resting = true;
	TAILQ_INSERT_TAIL(&c->resting, t, rest);
	idle_if_needed(c);
}

/* curl delivers what it held back, and says only here that the callback refused it (curl_easy_pause(3)). */
static void resume(struct http_client *c, struct http_transfer *t)
{
	wake(c, t);
	CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
	if (code == CURLE_OK) {
		act(c, CURL_SOCKET_TIMEOUT, 0);
		return;
	}
	http_client_remove(c, t);
	t->done(t, code);
}

static void on_idle(uv_idle_t *idle)
{
	struct http_client *c = idle->data;
	struct http_transfer *t;
	turn_begin(c);
	if (c->due) {
		c->due = false;
		idle_if_needed(c);
		act(c, CURL_SOCKET_TIMEOUT, 0);
	}
	while (!turn_is_over(c) && (t = TAILQ_FIRST(&c->resting)) != NULL)
		resume(c, t);
}

/*
 * A server that is never out of bytes is read from for up to 100 buffers; such a
 * transfer is due again at once, and each curl_multi_socket_action() acts on all
 * that are due.  When the turn is over it rests: until the next, curl does not
 * read for it (curl_easy_pause(3)).  Not within the head: curl would join the
 * lines that it holds back to one.
 */
static void rest_if_over(struct http_transfer *t)
{
	struct http_client *c = t->client;
	if (t->resting || !t->head_over || !turn_is_over(c))
		return;
	queue(c, t);
	curl_easy_pause(t->easy, CURLPAUSE_RECV);
}

/* Called after every piece, whatever was in it. */
static int on_piece(void *arg, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
	(void)down;
	(void)downloaded;
	(void)up;
	(void)uploaded;
	rest_if_over(arg);
	return 0;
}

bool http_header_fits(struct http_transfer *t, size_t len)
{
	long status = 0;
	t->header_lines++;
	t->header_bytes += len;
	if (len <= 2 && curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
		t->head_over = status >= 200; /* an empty line; not that of an interim answer */
	rest_if_over(t);
	return t->header_lines <= HEADER_LINES_MAX && t->header_bytes <= HEADER_BYTES_MAX;
}

/* ---- what curl asks for ------------------------------------------------- */

/*
 * CURLMOPT_TIMERFUNCTION(3): -1 deletes the timer, 0 means as soon as possible, but not from in here.  Not by a timer
 * of 0 ms either: libuv 1.44 runs one that its own callback starts before it goes on to anything else, and a pause asks
 * for such a call (curl_easy_pause()), so that one fast answer would keep signals and deadlines waiting.
 */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	struct http_client *c = arg;
	if (c->closing)
		return 0;
	c->due = timeout_ms == 0;
	idle_if_needed(c);
	if (timeout_ms <= 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return 0;
}

/* CURLMOPT_SOCKETFUNCTION(3).  REMOVE comes before curl closes the descriptor, so its number can be reused at once. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	(void)easy;
	(void)socket_arg;
	struct http_client *c = arg;
	struct epoll_event event = { .data.fd = fd };
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what != CURL_POLL_OUT)
		event.events |= EPOLLIN;
	if (what != CURL_POLL_IN)
		event.events |= EPOLLOUT;
	if (epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return errno == ENOENT && epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -1;
}

/* ---- life --------------------------------------------------------------- */

static int open_handles(struct http_client *c, uv_loop_t *loop, struct error *err)
{
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll_fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot create an epoll descriptor");
	int status = uv_poll_init(loop, &c->poll, c->epoll_fd);
	if (status != 0) {
		close(c->epoll_fd);
		return error_set(err, ERROR_SYSTEM, "cannot watch sockets: %s", uv_strerror(status));
	}
	uv_timer_init(loop, &c->timer); /* neither can fail: they only fill the handle */
	uv_idle_init(loop, &c->idle);
	c->poll.data = c->timer.data = c->idle.data = c;
	c->open_handles = 3;
	uv_poll_start(&c->poll, UV_READABLE, on_poll);
	uv_unref((uv_handle_t *)&c->poll); /* without a transfer it does not keep the loop going */
	return 0;
}

static void give_back(struct http_client *c)
{
	curl_multi_cleanup(c->multi);
	free(c);
	curl_global_cleanup();
}

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *err)
{
	/* Counted and thread-safe since 7.84 (curl_global_init(3)). */
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (code != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "cannot initialise libcurl: %s", curl_easy_strerror(code));
	struct http_client *c = xcalloc(1, sizeof(*c));
	TAILQ_INIT(&c->running);
	TAILQ_INIT(&c->resting);
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		give_back(c);
		return error_set(err, ERROR_SYSTEM, "cannot create a curl multi handle");
	}
	if (open_handles(c, loop, err) != 0) {
		give_back(c);
		return -1;
	}
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	*out = c;
	return 0;
}

void http_client_keep(struct http_client *c, size_t connections)
{
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)connections);
}

int http_client_add(struct http_client *c, struct http_transfer *t, struct error *err)
{
	t->client = c;
	t->resting = false;
	t->head_over = false;
	t->header_lines = 0;
	t->header_bytes = 0;
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_piece);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
	CURLMcode code = curl_multi_add_handle(c->multi, t->easy);
	if (code != CURLM_OK)
		return error_set(err, ERROR_SYSTEM, "cannot start a transfer: %s", curl_multi_strerror(code));
	TAILQ_INSERT_HEAD(&c->running, t, run);
	uv_ref((uv_handle_t *)&c->poll);
	return 0;
}

void http_client_remove(struct http_client *c, struct http_transfer *t)
{
	curl_multi_remove_handle(c->multi, t->easy);
	unlink_transfer(c, t);
}

void http_client_unpause(struct http_client *c, struct http_transfer *t)
{
	queue(c, t);
}

void http_client_close(struct http_client *c, void (*closed)(void *arg), void *arg)
{
	c->closed = closed;
	c->closed_arg = arg;
	c->closing = true;
	while (!TAILQ_EMPTY(&c->running))
		http_client_remove(c, TAILQ_FIRST(&c->running));
	/* Closes idle connections, which calls on_curl_socket with REMOVE. */
	curl_multi_cleanup(c->multi);
	curl_global_cleanup();
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
	uv_close((uv_handle_t *)&c->poll, on_handle_closed);
	uv_close((uv_handle_t *)&c->idle, on_handle_closed);
}
