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
 */
#ifndef OOMRIG_HTTP_HTTP_H
#define OOMRIG_HTTP_HTTP_H

#include <curl/curl.h>
#include <uv.h>

#include "base/error.h"

struct http_client;

/* One transfer; embed it and recover the outer struct with container_of. */
struct http_transfer {
	CURL *easy;						/* borrowed while added; CURLOPT_PRIVATE is taken */
	void (*done)(struct http_transfer *t, CURLcode result); /* may add the next transfer */
	struct http_transfer *prev, *next;			/* private to http.c */
};

int http_client_new(struct http_client **out, uv_loop_t *loop, struct error *err);
/* Most connections kept open for reuse when idle (CURLMOPT_MAXCONNECTS); curl's default is 4 times the handles. */
void http_client_keep(struct http_client *c, size_t connections);
int http_client_add(struct http_client *c, struct http_transfer *t, struct error *err);
void http_client_remove(struct http_client *c, struct http_transfer *t);
/* Continues a transfer paused by a callback; completions may follow from the loop, never from inside this call. */
void http_client_unpause(struct http_client *c, struct http_transfer *t);
void http_client_close(struct http_client *c, void (*closed)(void *arg), void *arg);

#endif
