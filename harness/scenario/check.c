#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/units.h"
#include "scenario/check_words.h"
#include "scenario/scenario.h"

/* Below it the kernel of a machine has no room to come up. */
#define MACHINE_MIN_BYTES (64ULL << 20)

/* Checks see one group among the scenario's; list is "prepare" or "load". */
struct group_check {
	const struct scenario *s;
	const struct load_group *g;
	const char *list;
	struct error *err;
};

static int refuse(const struct group_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int refuse(const struct group_check *c, const char *fmt, ...)
{
	struct buf message = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&message, fmt, ap);
	va_end(ap);
	error_set(c->err, ERROR_INPUT, "%s: %s group '%s': %s", c->s->path, c->list, c->g->name, buf_str(&message));
	buf_release(&message);
	return -1;
}

static int check_request(const struct scenario *s, const char *name, const struct request_spec *r, struct error *err)
{
	if (r->path == NULL && (r->body != NULL || r->form.count != 0 || r->headers.count != 0 || r->status != 0))
		return error_set(err, ERROR_INPUT, "%s: '%s' has keys but no path", s->path, name);
	if (r->body != NULL && r->form.count != 0)
		return error_set(err, ERROR_INPUT, "%s: '%s' has a body and a form; a request sends one of them",
				 s->path, name);
	return 0;
}

static int check_ready(const struct scenario *s, struct error *err)
{
	const struct server_spec *server = &s->server;
	if (server->ready_kind == READY_HTTP && server->ready.path == NULL)
		return error_set(err, ERROR_INPUT, "%s: 'server.ready.by' is http, which needs 'server.ready.path'",
				 s->path);
	if (server->ready_kind != READY_HTTP && server->ready.path != NULL)
		return error_set(err, ERROR_INPUT,
				 "%s: 'server.ready.path' is given, which needs 'server.ready.by: http'", s->path);
	if (server->ready_kind == READY_LOG && server->ready_log == NULL)
		return error_set(err, ERROR_INPUT, "%s: 'server.ready.by' is log, which needs 'server.ready.text'",
				 s->path);
	if (server->ready_kind != READY_LOG && server->ready_log != NULL)
		return error_set(err, ERROR_INPUT,
				 "%s: 'server.ready.text' is given, which needs 'server.ready.by: log'", s->path);
	return 0;
}

static int check_upload(const struct scenario *s, struct error *err)
{
	const struct upload_spec *up = &s->server.upload;
	if (up->id_json != NULL && up->id_header != NULL)
		return error_set(err, ERROR_INPUT,
				 "%s: 'server.upload' has id_json and id_header; the id is in one place", s->path);
	if (up->chunked && up->body == BODY_MULTIPART)
		return error_set(err, ERROR_INPUT, "%s: 'server.upload.chunked' needs 'server.upload.body: raw'",
				 s->path);
	if (up->fields.count != 0 && up->body == BODY_RAW)
		return error_set(err, ERROR_INPUT, "%s: 'server.upload.fields' needs 'server.upload.body: multipart'",
				 s->path);
	return 0;
}

static int check_server(const struct scenario *s, struct error *err)
{
	const struct server_spec *server = &s->server;
	if (server->command.count == 0)
		return error_set(err, ERROR_INPUT,
				 "%s: no server: give 'server.use', 'server.command' or a command "
				 "after \"--\"",
				 s->path);
	if (server->preset != NULL && !check_words_mention(s, "{preset}"))
		return error_set(err, ERROR_INPUT,
				 "%s: 'server.preset' is given, but neither the command nor another text of the server "
				 "holds {preset}",
				 s->path);
	const struct {
		const char *name;
		const struct request_spec *request;
	} requests[] = {
		{ "server.login", &server->login },   { "server.download", &server->download },
		{ "server.health", &server->health }, { "server.debug", &server->debug },
		{ "server.ready", &server->ready },   { "server.collect", &server->collect },
	};
	for (size_t i = 0; i < COUNT(requests); i++)
		if (check_request(s, requests[i].name, requests[i].request, err) != 0)
			return -1;
	return check_ready(s, err) != 0 || check_upload(s, err) != 0 ? -1 : 0;
}

static int check_upload_group(const struct group_check *c)
{
	const struct load_group *g = c->g;
	if (c->s->server.upload.path == NULL)
		return refuse(c, "uploads need 'server.upload.path'");
	if (g->file == NULL && g->size.count == 0)
		return refuse(c, "uploads need a size or a file");
	if (g->file != NULL && g->size.count != 0)
		return refuse(c, "has a size and a file; a file has its own size");
	struct stat st;
	if (g->file != NULL && (access(g->file, R_OK) != 0 || stat(g->file, &st) != 0))
		return refuse(c, "cannot read the file '%s': %s", g->file, strerror(errno));
	if (g->file != NULL && !S_ISREG(st.st_mode))
		return refuse(c, "'%s' is not a regular file", g->file);
	if (g->read_back && c->s->server.download.path == NULL)
		return refuse(c, "read_back needs 'server.download.path'");
	for (size_t i = 0; i < g->size.count; i++)
		if (g->vanish_after_bytes != 0 && g->vanish_after_bytes >= g->size.items[i])
			return refuse(c, "vanish_after is not less than its size of %llu bytes",
				      (unsigned long long)g->size.items[i]);
	return 0;
}

static bool has_uploads(const struct group_list *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i].kind == GROUP_UPLOAD)
			return true;
	return false;
}

/* Downloads and seeks. */
static int check_reading_group(const struct group_check *c)
{
	if (c->s->server.download.path == NULL)
		return refuse(c, "downloads need 'server.download.path'");
	if (!has_uploads(&c->s->prepare))
		return refuse(c, "downloads need objects: an upload group under 'prepare'");
	return 0;
}

static int check_request_group(const struct group_check *c)
{
	return c->g->request.path == NULL ? refuse(c, "requests need 'request.path'") : 0;
}

static int check_timing(const struct group_check *c)
{
	const struct load_group *g = c->g;
	if (g->files == 0 && g->duration_ns == 0)
		return refuse(c, "files is 0, which needs a duration");
	if (g->cut && g->duration_ns == 0)
		return refuse(c, "cut needs a duration");
	if (g->start_ns + g->duration_ns >= c->s->deadline_ns) {
		char end[UNITS_TEXT_MAX], deadline[UNITS_TEXT_MAX];
		return refuse(c, "runs until %s, which is not before the deadline of %s",
			      units_format_duration(g->start_ns + g->duration_ns, end),
			      units_format_duration(c->s->deadline_ns, deadline));
	}
	return 0;
}

/* Keys that mean nothing to this kind of group would be silently without effect. */
static int check_group(const struct group_check *c)
{
	static int (*const by_kind[])(const struct group_check *) = {
		[GROUP_UPLOAD] = check_upload_group,
		[GROUP_DOWNLOAD] = check_reading_group,
		[GROUP_SEEK] = check_reading_group,
		[GROUP_REQUEST] = check_request_group,
	};
	const struct load_group *g = c->g;
	if (g->kind != GROUP_UPLOAD && (g->size.count != 0 || g->file != NULL))
		return refuse(c, "only uploads have a %s", g->file != NULL ? "file" : "size");
	if (g->kind != GROUP_UPLOAD && g->read_back)
		return refuse(c, "only uploads can be read back");
	if (g->kind != GROUP_REQUEST && g->request.path != NULL)
		return refuse(c, "'request' needs 'kind: request'");
	if (g->stall_ns != 0 && g->stall_after_bytes == 0)
		return refuse(c, "stall needs stall_after");
	if (check_request(c->s, "request", &g->request, c->err) != 0)
		return -1;
	return by_kind[g->kind](c) != 0 || check_timing(c) != 0 ? -1 : 0;
}

static int check_groups(const struct scenario *s, const char *list, const struct group_list *groups, struct error *err)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group_check c = { .s = s, .g = &groups->items[i], .list = list, .err = err };
		if (strpbrk(c.g->name, ".=") != NULL || c.g->name[0] == '\0')
			return refuse(&c, "a name has letters, but no '.' or '='");
		for (size_t j = 0; j < i; j++)
			if (strcmp(groups->items[j].name, c.g->name) == 0)
				return refuse(&c, "another group has that name");
		if (check_group(&c) != 0)
			return -1;
	}
	return 0;
}

static int check_prepare(const struct scenario *s, struct error *err)
{
	for (size_t i = 0; i < s->prepare.count; i++) {
		struct group_check c = { .s = s, .g = &s->prepare.items[i], .list = "prepare", .err = err };
		if (c.g->kind == GROUP_DOWNLOAD || c.g->kind == GROUP_SEEK)
			return refuse(&c, "only uploads and requests can prepare");
	}
	return check_groups(s, "prepare", &s->prepare, err);
}

static bool deletes(const struct scenario *s)
{
	for (size_t i = 0; i < s->load.count; i++)
		if (s->load.items[i].kind == GROUP_REQUEST && strcmp(s->load.items[i].request.method, "DELETE") == 0)
			return true;
	return false;
}

static int check_on_crash(const struct scenario *s, struct error *err)
{
	if (s->on_crash == CRASH_RESTART && s->rounds > 1)
		return error_set(err, ERROR_INPUT, "%s: 'on_crash: restart' goes with one round", s->path);
	if (s->on_crash != CRASH_READ_BACK)
		return 0;
	if (s->server.download.path == NULL)
		return error_set(err, ERROR_INPUT, "%s: 'on_crash: read-back' needs 'server.download.path'", s->path);
	if (!has_uploads(&s->prepare) && !has_uploads(&s->load))
		return error_set(err, ERROR_INPUT, "%s: 'on_crash: read-back' needs uploads to read", s->path);
	if (deletes(s))
		return error_set(err, ERROR_INPUT,
				 "%s: 'on_crash: read-back' would take for lost what the load deletes", s->path);
	if (s->data == FOLDER_RAM)
		return error_set(err, ERROR_INPUT,
				 "%s: 'on_crash: read-back' needs 'data: disk'; a RAM disk goes with its server",
				 s->path);
	return 0;
}

static int refuse_key(const struct scenario *s, const char *key, const char *why, struct error *err)
{
	return error_set(err, ERROR_INPUT, "%s: '%s' %s", places_find(&s->places, key, s->path), key, why);
}

/* A machine of the server's own can do what a group cannot, and the other way round: nothing is left out silently. */
static int check_machine(const struct scenario *s, struct error *err)
{
	static const char cannot[] = "does not go with 'isolation: machine'";
	const struct {
		const char *key;
		bool given;
	} rows[] = {
		{ "memory_high", s->memory_high_bytes != 0 },
		{ "oom_group", s->oom_group },
		{ "data", s->data == FOLDER_RAM },
		{ "server.network_namespace", s->server.network_namespace },
	};
	if (strcmp(s->isolation, "machine") != 0) {
		if (s->data_bytes_per_s != 0)
			return refuse_key(s, "data_rate", "needs 'isolation: machine'", err);
		return s->dirty_ratio != 0 ? refuse_key(s, "dirty_ratio", "needs 'isolation: machine'", err) : 0;
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].given)
			return refuse_key(s, rows[i].key, cannot, err);
	if (s->memory_bytes < MACHINE_MIN_BYTES)
		return refuse_key(s, "memory",
				  "must be at least 64 MiB with 'isolation: machine', which is what it has", err);
	if (strcmp(s->server.host, "127.0.0.1") != 0)
		return refuse_key(s, "server.host", "must be 127.0.0.1 with 'isolation: machine'", err);
	return 0;
}

int scenario_check(const struct scenario *s, struct error *err)
{
	if (s->swap_bytes != 0 && s->memory_bytes == 0)
		return error_set(err, ERROR_INPUT, "%s: 'swap' goes beyond a cap, but 'memory' is none", s->path);
	if (s->memory_bytes != 0 && s->memory_high_bytes >= s->memory_bytes)
		return error_set(err, ERROR_INPUT, "%s: 'memory_high' is not below 'memory': it would never be reached",
				 s->path);
	if (s->load.count == 0)
		return error_set(err, ERROR_INPUT, "%s: no load: 'load' needs at least one group", s->path);
	if (check_machine(s, err) != 0)
		return -1;
	if (check_server(s, err) != 0 || check_prepare(s, err) != 0 || check_on_crash(s, err) != 0)
		return -1;
	return check_groups(s, "load", &s->load, err) != 0 ? -1 : check_words(s, err);
}
