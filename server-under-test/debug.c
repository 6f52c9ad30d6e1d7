#include "debug.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <string.h>

#include "base/macros.h"
#include "hooks.h"
#include "http.h"

static json_t *malloc_figures(void)
{
	struct mallinfo2 m = mallinfo2();
	const struct {
		const char *name;
		size_t value;
	} rows[] = {
		{ "arena_bytes", m.arena },	{ "mmap_count", m.hblks },    { "mmap_bytes", m.hblkhd },
		{ "in_use_bytes", m.uordblks }, { "free_bytes", m.fordblks }, { "releasable_bytes", m.keepcost },
	};
	json_t *out = json_object();
	for (size_t i = 0; i < COUNT(rows); i++)
		json_object_set_new(out, rows[i].name, json_integer((json_int_t)rows[i].value));
	return out;
}

static json_t *sqlite_figures(struct server *server)
{
	static const struct {
		const char *name;
		int status;
		bool high_water;
	} rows[] = {
		{ "memory_used_bytes", SQLITE_STATUS_MEMORY_USED, false },
		{ "memory_highwater_bytes", SQLITE_STATUS_MEMORY_USED, true },
		{ "largest_allocation_bytes", SQLITE_STATUS_MALLOC_SIZE, true },
		{ "allocations", SQLITE_STATUS_MALLOC_COUNT, false },
		{ "page_cache_bytes", SQLITE_STATUS_PAGECACHE_OVERFLOW, false },
		{ "page_cache_highwater_bytes", SQLITE_STATUS_PAGECACHE_OVERFLOW, true },
	};
	json_t *out = json_object();
	for (size_t i = 0; i < COUNT(rows); i++) {
		sqlite3_int64 current, high;
		if (sqlite3_status64(rows[i].status, &current, &high, 0) == SQLITE_OK)
			json_object_set_new(out, rows[i].name, json_integer(rows[i].high_water ? high : current));
	}
	json_object_set_new(out, "open_connections", json_integer(database_open_connections(&server->database)));
	json_object_set_new(out, "open_statements", json_integer(atomic_load(&server->database.open_statements)));
	json_int_t database_bytes = (json_int_t)database_file_bytes(&server->database, "");
	json_int_t wal_bytes = (json_int_t)database_file_bytes(&server->database, "-wal");
	json_object_set_new(out, "database_bytes", json_integer(database_bytes));
	json_object_set_new(out, "wal_bytes", json_integer(wal_bytes));
	return out;
}

static json_t *report_new(struct server *server)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	json_t *out = json_object();
	json_object_set_new(out, "malloc", malloc_figures());
	json_object_set_new(out, "sqlite", sqlite_figures(server));
	json_object_set_new(out, "connections", json_integer(info == NULL ? 0 : info->num_connections));
	json_object_set_new(out, "uploads_in_flight", json_integer(atomic_load(&server->uploads_in_flight)));
	json_object_set_new(out, "downloads_in_flight", json_integer(atomic_load(&server->downloads_in_flight)));
	json_object_set_new(out, "writer_queue", json_integer((json_int_t)writer_queue_length(&server->writer)));
	json_object_set_new(out, "temporary_files", json_integer((json_int_t)atomic_load(&server->temp_files.count)));
	json_object_set_new(out, "temporary_bytes", json_integer((json_int_t)atomic_load(&server->temp_files.bytes)));
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (server, hooks, debug)
		hooks->debug(server, out);
	return out;
}

static enum MHD_Result answer_report(struct server *server, struct MHD_Connection *connection)
{
	return http_answer_json(connection, MHD_HTTP_OK, report_new(server));
}

static enum MHD_Result collect(struct server *server, struct MHD_Connection *connection)
{
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (server, hooks, collect)
		hooks->collect(server);
	malloc_trim(0);
	return http_answer_empty(connection, MHD_HTTP_NO_CONTENT);
}

static const struct route {
	const char *method, *url;
	enum MHD_Result (*answer)(struct server *server, struct MHD_Connection *connection);
} routes[] = {
	{ MHD_HTTP_METHOD_GET, "/debug", answer_report },
	{ MHD_HTTP_METHOD_POST, "/debug/collect", collect },
};

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *data, size_t *data_len, void **seen)
{
	(void)version;
	(void)data;
	if (*seen == NULL) {
		*seen = cls; /* anything: answer at the second call, so that the connection can be kept */
		return MHD_YES;
	}
	if (*data_len != 0) {
		*data_len = 0;
		return MHD_YES;
	}
	unsigned status = MHD_HTTP_NOT_FOUND;
	for (size_t i = 0; i < COUNT(routes); i++) {
		if (strcmp(url, routes[i].url) != 0)
			continue;
		if (strcmp(method, routes[i].method) == 0)
			return routes[i].answer(cls, connection);
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	return http_answer_empty(connection, status);
}

int debug_start(struct server *server, uint16_t port, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	errno = 0;
	server->debug_daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, port, NULL, NULL, on_request, server,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, 16u,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)CONNECTION_STACK_BYTES, MHD_OPTION_END);
	if (server->debug_daemon == NULL)
		return error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot listen on '127.0.0.1:%u'",
				       (unsigned)port);
	return 0;
}

void debug_stop(struct server *server)
{
	if (server->debug_daemon != NULL)
		MHD_stop_daemon(server->debug_daemon);
	server->debug_daemon = NULL;
}
