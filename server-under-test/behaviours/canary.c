/*
 * C2, canary: a disposable object for the clean-up thread every so often; how
 * long the oldest has been waiting shows that clean-up has stopped, which no
 * profile of the heap does.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cleanup.h"
#include "ticker.h"
#include "server.h"

static void post(void *arg)
{
	cleanup_post_canary(arg);
}

static int canary_start(struct server *server, struct error *err)
{
	if (server->cleanup == NULL)
		return 0; /* nothing to watch */
	return ticker_start(&server->canary, server->behaviour[CANARY], post, server->cleanup, err);
}

static void canary_stop(struct server *server)
{
	ticker_stop(server->canary);
	server->canary = NULL;
}

static void canary_debug(struct server *server, json_t *report)
{
	if (server->cleanup != NULL)
		json_object_set_new(report, "canary_lag_ms",
				    json_integer((json_int_t)(cleanup_canary_lag_ns(server->cleanup) / NS_PER_MS)));
}

const struct behaviour_hooks canary_hooks = {
	.start = canary_start,
	.stop = canary_stop,
	.debug = canary_debug,
};
