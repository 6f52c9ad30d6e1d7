#include "routes.h"

#include <string.h>

#include "base/buf.h"
#include "download.h"
#include "forget.h"
#include "server.h"
#include "entries.h"
#include "upload.h"

static enum MHD_Result answer_health(struct request *r)
{
	return http_answer_json(r->connection, MHD_HTTP_OK, json_pack("{s:s}", "status", "ok"));
}

static int delete_row(struct db_connection *c, void *arg, struct error *err)
{
	return store_delete_entry(c, arg, err);
}

static enum MHD_Result answer_delete(struct request *r)
{
	struct error err = ERROR_INIT;
	int removed = entry_id_valid(r->argument) ? writer_call(&r->server->writer, delete_row, r->argument, &err) : 0;
	if (removed < 0)
		request_fail_error(r, &err);
	else if (removed == 0)
		request_fail(r, MHD_HTTP_NOT_FOUND, "no such entry");
	if (r->failure_status != 0)
		return request_answer_failure(r);
	forget_entry(r->server, r->argument);
	return http_answer_empty(r->connection, MHD_HTTP_NO_CONTENT);
}

static const struct route routes[] = {
	{ "POST", "/api/entry", false, upload_begin_form, upload_write_form, upload_answer },
	{ "PUT", "/api/entry", false, upload_begin_raw, upload_write_raw, upload_answer },
	{ "DELETE", "/api/entry/", true, NULL, NULL, answer_delete },
	{ "GET", "/-", true, NULL, NULL, download_answer },
	{ "HEAD", "/-", true, NULL, NULL, download_answer },
	{ "GET", "/healthz", false, NULL, NULL, answer_health },
	{ "HEAD", "/healthz", false, NULL, NULL, answer_health },
	{ 0 },
};

static bool path_matches(const struct route *route, const char *url)
{
	if (route->is_prefix)
		return strncmp(url, route->path, strlen(route->path)) == 0;
	return strcmp(url, route->path) == 0;
}

void routes_find(struct request *r, const char *method, const char *url)
{
	struct buf allow = BUF_INIT;
	for (const struct route *route = routes; route->method != NULL; route++) {
		if (!path_matches(route, url))
			continue;
		if (strcmp(route->method, method) == 0) {
			r->route = route;
			r->argument = xstrdup(url + strlen(route->path));
			break;
		}
		buf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "", route->method);
	}
	if (r->route == NULL && allow.len == 0) {
		request_fail(r, MHD_HTTP_NOT_FOUND, "no such path");
	} else if (r->route == NULL) {
		request_fail(r, MHD_HTTP_METHOD_NOT_ALLOWED, "%.16s is not allowed here", method);
		r->allow = buf_detach(&allow);
	}
	buf_release(&allow);
}
