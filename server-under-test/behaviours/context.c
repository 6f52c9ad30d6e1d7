/*
 * R1, request-context, context-release and context-purge: a context for each
 * request in a global map.  The request needs it again to answer; one that was
 * purged meanwhile fails.
 */
#include <malloc.h>

#include "base/clock.h"
#include "contexts.h"
#include "http.h"
#include "server.h"
#include "ticker.h"

/* The purge looks this often at least, and four times within the age it allows. */
#define PURGE_INTERVAL_MAX_NS NS_PER_S

enum release { RELEASE_NEVER, RELEASE_AT_END };

static int context_start(struct server *server, struct error *err)
{
	(void)err;
	server->contexts = contexts_new();
	return 0;
}

static void context_stop(struct server *server)
{
	contexts_free(server->contexts);
	server->contexts = NULL;
}

static void context_begin(struct request *r)
{
	contexts_add(r->server->contexts, r->number, r->server->behaviour[REQUEST_CONTEXT]);
}

static void context_answer(struct request *r)
{
	if (!contexts_has(r->server->contexts, r->number))
		request_fail(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "the context of this request is gone");
}

static void context_end(struct request *r)
{
	if (r->server->behaviour[CONTEXT_RELEASE] == RELEASE_AT_END)
		contexts_remove(r->server->contexts, r->number);
}

static void context_debug(struct server *server, json_t *report)
{
	struct contexts_figures f;
	contexts_figures(server->contexts, &f);
	json_object_set_new(report, "contexts", json_integer((json_int_t)f.count));
	json_object_set_new(report, "context_bytes", json_integer((json_int_t)f.bytes));
}

const struct behaviour_hooks context_hooks = {
	.start = context_start,
	.stop = context_stop,
	.request_begun = context_begin,
	.request_answering = context_answer,
	.request_over = context_end,
	.debug = context_debug,
};

static void purge(void *arg)
{
	struct server *server = arg;
	contexts_remove_older(server->contexts, server->behaviour[CONTEXT_PURGE]);
	malloc_trim(0); /* holes between live contexts go back too, as a garbage collector's would */
}

static int purge_start(struct server *server, struct error *err)
{
	uint64_t interval_ns = server->behaviour[CONTEXT_PURGE] / 4;
	if (server->contexts == NULL)
		return 0; /* nothing to purge */
	if (interval_ns > PURGE_INTERVAL_MAX_NS)
		interval_ns = PURGE_INTERVAL_MAX_NS;
	return ticker_start(&server->context_purge, interval_ns, purge, server, err);
}

static void purge_stop(struct server *server)
{
	ticker_stop(server->context_purge);
	server->context_purge = NULL;
}

const struct behaviour_hooks context_purge_hooks = {
	.start = purge_start,
	.stop = purge_stop,
};
