#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/clock.h"
#include "hooks.h"
#include "log.h"
#include "routes.h"
#include "upload.h"

/* Read buffer and headers of one connection; larger headers are answered with 431. */
#define CONNECTION_MEMORY_BYTES (32 * 1024)
#define LISTEN_BACKLOG 1024

void request_fail(struct request *r, unsigned status, const char *fmt, ...)
{
	if (r->failure_status != 0)
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(r->failure, sizeof(r->failure), fmt, ap);
	va_end(ap);
	r->failure_status = status;
}

void request_fail_error(struct request *r, const struct error *err)
{
	bool full = err->sys_errno == ENOSPC || err->sys_errno == EDQUOT;
	request_fail(r, full ? MHD_HTTP_INSUFFICIENT_STORAGE : MHD_HTTP_INTERNAL_SERVER_ERROR, "%.200s", err->message);
	if (err->code != ERROR_INTERRUPTED)
		server_log("%s", err->message);
}

const char *request_header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

enum MHD_Result http_answer_json(struct MHD_Connection *connection, unsigned status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (text == NULL)
		return MHD_NO;
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result http_answer_empty(struct MHD_Connection *connection, unsigned status)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result request_answer_failure(struct request *r)
{
	json_t *body = json_pack("{s:s}", "error", r->failure);
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	if (text == NULL) /* a file name that is not UTF-8 ended up in the message */
		text = xstrdup("{\"error\":\"the request failed\"}");
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	if (r->allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, r->allow);
	enum MHD_Result result = MHD_queue_response(r->connection, r->failure_status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result first_call(struct request *r, const char *method, const char *url)
{
	const struct behaviour_hooks *hooks;
	r->number = atomic_fetch_add(&r->server->requests, 1) + 1;
	routes_find(r, method, url);
	EACH_HOOKS (r->server, hooks, request_begun)
		hooks->request_begun(r);
	if (r->failure_status == 0 && r->route->begin != NULL)
		r->route->begin(r);
	/* A client that asks first is told now; another one is heard out, or it would see only a reset. */
	if (r->failure_status != 0 && request_header(r, MHD_HTTP_HEADER_EXPECT) != NULL)
		return request_answer_failure(r);
	return MHD_YES;
}

/* What a failed upload holds is given back before its client hears of it and tries again. */
static void drop_upload(struct request *r)
{
	if (r->upload != NULL)
		upload_free(r->upload);
	r->upload = NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *data, size_t *data_len, void **request)
{
	struct server *server = cls;
	struct request *r = *request;
	(void)version;
	if (atomic_load(&server->stopping))
		return MHD_NO;
	if (r == NULL) {
		*request = r = xcalloc(1, sizeof(*r));
		r->server = server;
		r->connection = connection;
		r->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
		return first_call(r, method, url);
	}
	if (*data_len != 0) {
		if (r->failure_status == 0 && r->route->write != NULL)
			r->route->write(r, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (server, hooks, request_answering)
		if (r->failure_status == 0)
			hooks->request_answering(r);
	if (r->failure_status == 0)
		return r->route->answer(r);
	drop_upload(r);
	return request_answer_failure(r);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode how)
{
	struct request *r = *request;
	(void)cls;
	(void)connection;
	(void)how;
	if (r == NULL)
		return;
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (r->server, hooks, request_over)
		hooks->request_over(r);
	drop_upload(r);
	free(r->argument);
	free(r->allow);
	free(r);
	*request = NULL;
}

/* Every connection is a descriptor, and an upload may have a temporary file besides. */
static unsigned raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 512;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	rlim_t connections = limit.rlim_cur / 2;
	return connections < 16384 ? (unsigned)connections : 16384;
}

unsigned http_port(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	return info == NULL ? 0 : info->port;
}

int http_start(struct server *server, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(server->port) };
	if (inet_pton(AF_INET, server->host, &address.sin_addr) != 1)
		return error_set(err, ERROR_USAGE, "--host: '%s' is not an IPv4 address", server->host);
	errno = 0;
	server->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC,
		server->port, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, raise_descriptor_limit(),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)CONNECTION_STACK_BYTES, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)LISTEN_BACKLOG,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(server->idle_timeout_ns / NS_PER_S), MHD_OPTION_END);
	if (server->daemon == NULL)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot listen on '%s:%u'", server->host,
				       (unsigned)server->port);
	return 0;
}

void http_stop(struct server *server)
{
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
}
