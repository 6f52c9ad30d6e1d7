/*
 * http - libcurl's multi-socket interface driven by a libuv loop.  Knows
 * nothing of uploads or scenarios: easy handles go in, completions come out.
 *
 * Life cycle: http_client_new() on a loop; for each transfer the caller makes
 * and configures an easy handle and http_client_add()s it; the callback is
 * called once, after which the handle is the caller's again (to reuse or
 * clean up).  http_client_remove() takes a running one back without a
 * callback.  http_client_close() removes what still runs and frees the client
 * after the loop has closed its handles (close callback).  Loop thread only.
 *
 * Completions are drained after every curl_multi_socket_action(), the timer's
 * included (curl's multi-uv.c example skips the latter and can hang).
 *
 * However fast a server answers, one client holds the loop for some milliseconds
 * at a time and then lets everything else on it have its turn: curl's sockets
 * lie in an epoll descriptor of their own, from which it acts on one after the
 * other until its turn is over, and a transfer that would go on rests.
 */
#ifndef OOMRIG_HTTP_HTTP_H
#define OOMRIG_HTTP_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/error.h"

struct http_client;

/* One transfer; embed it and recover the outer struct with container_of. */
struct http_transfer {
	CURL *easy; /* borrowed while added; CURLOPT_PRIVATE and CURLOPT_XFERINFOFUNCTION are taken */
	void (*done)(struct http_transfer *t, CURLcode result); /* may add the next transfer */
	/* Private to http.c. */
	struct http_client *client;
	TAILQ_ENTRY(http_transfer) run, rest;
	bool resting, head_over;
	size_t header_lines, header_bytes;
};

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *err);
/* Most connections kept open for reuse when idle (CURLMOPT_MAXCONNECTS); curl's default is 4 times the handles. */
void http_client_keep(struct http_client *c, size_t connections);
int http_client_add(struct http_client *c, struct http_transfer *t, struct error *err);
void http_client_remove(struct http_client *c, struct http_transfer *t);
/* Continues a transfer paused by a callback, from the loop, never from inside this call. */
void http_client_unpause(struct http_client *c, struct http_transfer *t);
/*
 * For CURLOPT_HEADERFUNCTION, of each line, trailers and interim answers
 * included: false when the answer has more of them than the rig is ready to keep.
 * Without it a transfer does not rest.
 */
bool http_header_fits(struct http_transfer *t, size_t len);
void http_client_close(struct http_client *c, void (*closed)(void *arg), void *arg);

#endif
