#include "http/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

struct http_client {
	CURLM *multi;
	uv_loop_t *loop;
	uv_timer_t timer;
	struct http_transfer *running; /* list head */
	unsigned open_handles;	       /* libuv handles whose close callback is still to come */
	void (*closed)(void *arg);
	void *closed_arg;
	bool closing;
};

/* One socket of curl's, watched by libuv. */
struct http_socket {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
};

static void handle_gone(struct http_client *c)
{
	if (--c->open_handles > 0 || !c->closing)
		return;
	void (*closed)(void *) = c->closed;
	void *arg = c->closed_arg;
	free(c);
	if (closed != NULL)
		closed(arg);
}

static void on_socket_closed(uv_handle_t *handle)
{
	struct http_socket *s = container_of((uv_poll_t *)handle, struct http_socket, poll);
	struct http_client *c = s->client;
	free(s);
	handle_gone(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle_gone(container_of((uv_timer_t *)handle, struct http_client, timer));
}

static void unlink_transfer(struct http_client *c, struct http_transfer *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		c->running = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	t->prev = t->next = NULL;
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

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_socket *s = container_of(poll, struct http_socket, poll);
	struct http_client *c = s->client;
	int mask = status < 0 ? CURL_CSELECT_ERR : 0;
	if (events & UV_READABLE)
		mask |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		mask |= CURL_CSELECT_OUT;
	int running;
	curl_multi_socket_action(c->multi, s->fd, mask, &running);
	drain(c);
}

static void on_timeout(uv_timer_t *timer)
{
	struct http_client *c = container_of(timer, struct http_client, timer);
	int running;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(c);
}

/* CURLMOPT_TIMERFUNCTION(3): -1 deletes the timer, 0 means as soon as possible, but not from in here. */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	struct http_client *c = arg;
	if (c->closing)
		return 0;
	if (timeout_ms < 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return 0;
}

/* CURLMOPT_SOCKETFUNCTION(3).  REMOVE comes before curl closes the descriptor, so its number can be reused at once. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	(void)easy;
	struct http_client *c = arg;
	struct http_socket *s = socket_arg;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			uv_poll_stop(&s->poll);
			curl_multi_assign(c->multi, fd, NULL);
			uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		}
		return 0;
	}
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->client = c;
		s->fd = fd;
		if (uv_poll_init_socket(c->loop, &s->poll, fd) != 0) {
			free(s);
			return -1;
		}
		c->open_handles++;
		curl_multi_assign(c->multi, fd, s);
	}
	int events = 0;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&s->poll, events, on_poll) == 0 ? 0 : -1;
}

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *err)
{
	/* Counted and thread-safe since 7.84 (curl_global_init(3)). */
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (code != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "cannot initialise libcurl: %s", curl_easy_strerror(code));
	struct http_client *c = xcalloc(1, sizeof(*c));
	c->loop = loop;
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		free(c);
		curl_global_cleanup();
		return error_set(err, ERROR_SYSTEM, "cannot create a curl multi handle");
	}
	int status = uv_timer_init(loop, &c->timer);
	if (status != 0) {
		curl_multi_cleanup(c->multi);
		free(c);
		curl_global_cleanup();
		return error_set(err, ERROR_SYSTEM, "cannot create a timer: %s", uv_strerror(status));
	}
	c->open_handles = 1;
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
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	CURLMcode code = curl_multi_add_handle(c->multi, t->easy);
	if (code != CURLM_OK)
		return error_set(err, ERROR_SYSTEM, "cannot start a transfer: %s", curl_multi_strerror(code));
	t->prev = NULL;
	t->next = c->running;
	if (c->running != NULL)
		c->running->prev = t;
	c->running = t;
	return 0;
}

void http_client_remove(struct http_client *c, struct http_transfer *t)
{
	curl_multi_remove_handle(c->multi, t->easy);
	unlink_transfer(c, t);
}

void http_client_unpause(struct http_client *c, struct http_transfer *t)
{
	(void)c;
	/* Delivers what curl held back, then asks the timer callback for an immediate run (curl_easy_pause(3)). */
	curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

void http_client_close(struct http_client *c, void (*closed)(void *arg), void *arg)
{
	c->closed = closed;
	c->closed_arg = arg;
	c->closing = true;
	while (c->running != NULL)
		http_client_remove(c, c->running);
	/* Closes idle connections, which calls on_curl_socket with REMOVE. */
	curl_multi_cleanup(c->multi);
	curl_global_cleanup();
	uv_timer_stop(&c->timer);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
