/*
 * http - the public listener: connections, routing, the life of a request.
 *
 * libmicrohttpd runs a thread per connection, so a handler may block: a slow
 * disk, a lock or a sort holds up its own client and nobody else, /healthz
 * least of all.  What that costs is a small stack per connection.
 *
 * A request is made at its headers, gets its body in pieces, is answered once,
 * and is freed when libmicrohttpd says it is over, whatever way it ended.
 */
#ifndef CHUNKSERVER_HTTP_H
#define CHUNKSERVER_HTTP_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct server;
struct route;
struct upload;

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	uint64_t number;	   /* since the server's start, from 1 */
	const struct route *route; /* NULL: refused before a handler was found */
	char *argument;		   /* what follows the route's path */
	bool is_head;
	unsigned failure_status; /* 0 while all is well */
	char failure[256];
	char *allow;	       /* for 405 */
	struct upload *upload; /* of a route with a body */
};

int http_start(struct server *server, struct error *err);
void http_stop(struct server *server);

/* Port the listener was given. */
unsigned http_port(struct MHD_Daemon *daemon);

/* Remembers why the request fails, if nothing did before; the rest of its body is read and dropped. */
void request_fail(struct request *r, unsigned status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As request_fail with the status that fits: 507 for a full disk, 500 otherwise. */
void request_fail_error(struct request *r, const struct error *err);

/* Answers with a small JSON body, which is consumed. */
enum MHD_Result http_answer_json(struct MHD_Connection *connection, unsigned status, json_t *body);
enum MHD_Result http_answer_empty(struct MHD_Connection *connection, unsigned status);
enum MHD_Result request_answer_failure(struct request *r);

/* NULL when the header is not there. */
const char *request_header(const struct request *r, const char *name);

#endif
