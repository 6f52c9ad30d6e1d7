#include "load/transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "load/stream_end.h"

/* CURLINFO times count from the moment the handle was added. */
static void read_times(const struct transfer *t, struct load_request *r)
{
	const struct stream *s = &t->stream;
	curl_off_t connect_us = 0;
	long connections = 0;
	r->intended_ns = t->intended_ns;
	r->started_ns = t->started_ns;
	r->first_byte_ns = s->first_byte_ns;
	r->finished_ns = clock_ns();
	if (t->sent_ns == 0)
		return;
	curl_easy_getinfo(t->http.easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	curl_easy_getinfo(t->http.easy, CURLINFO_NUM_CONNECTS, &connections);
	if (connect_us > 0)
		r->connected_ns = t->sent_ns + (uint64_t)connect_us * NS_PER_US;
	else if (connections == 0 && (s->done > 0 || s->first_byte_ns > 0))
		r->connected_ns = t->sent_ns; /* a kept connection */
}

static void read_sent(struct transfer *t, struct load_request *r)
{
	const struct stream *s = &t->stream;
	if (s->kind != REQUEST_UPLOAD) {
		r->received_bytes = s->done;
		return;
	}
	/* curl holds up to one buffer that never reached the socket; its own count includes form and chunk framing. */
	curl_off_t on_wire = 0;
	if (t->sent_ns != 0)
		curl_easy_getinfo(t->http.easy, CURLINFO_SIZE_UPLOAD_T, &on_wire);
	r->sent_bytes = (uint64_t)on_wire < s->done ? (uint64_t)on_wire : s->done;
	tally_upload_ended(&t->shared->tally, s->done, r->sent_bytes);
}

static void release(struct transfer *t)
{
	request_release(&t->request);
	stream_release(&t->stream);
}

static void finish(struct transfer *t, CURLcode result)
{
	struct stream *s = &t->stream;
	struct shared *shared = t->shared;
	struct load_request r = {
		.sequence = t->sequence,
		.group = shared->read_back ? s->object.group->name : shared->group->name,
		.client = shared->read_back ? s->object.client : t->client,
		.kind = s->kind,
		.object = s->object.number,
		.offset = s->offset,
		.size_bytes = s->wanted,
		.curl_code = result,
	};
	if (t->sent_ns != 0)
		curl_easy_getinfo(t->http.easy, CURLINFO_RESPONSE_CODE, &r.status);
	read_times(t, &r);
	read_sent(t, &r);
	stream_end(s, result, &r);
	stream_end_unanswered(s, &r, t->load_stopped);
	tally_ended(&shared->tally, &r);
	t->connected = result == CURLE_OK && !s->given_up;
	release(t);
	t->callbacks.done(t->callbacks.arg, &r);
}

static void send_request(void *arg);

static void wait_for_server(struct transfer *t, uint64_t now_ns)
{
	t->waiting = true;
	tally_waits(&t->shared->tally, !t->waited);
	t->waited = true;
	alarm_set(&t->alarm, now_ns + PATIENCE_RETRY_NS, send_request, t);
}

static void wait_no_more(struct transfer *t)
{
	if (t->waiting)
		tally_waits_no_more(&t->shared->tally);
	t->waiting = false;
}

/* Refused before anything of it reached the server, which is to be tried again. */
static bool stays_whole(struct transfer *t, CURLcode result, uint64_t now_ns)
{
	return result == CURLE_COULDNT_CONNECT && !t->reached && !t->shared->read_back &&
	       patience_refused(t->shared->patience, now_ns);
}

static void on_done(struct http_transfer *http, CURLcode result)
{
	struct transfer *t = container_of(http, struct transfer, http);
	t->in_curl = false;
	alarm_stop(&t->alarm);
	uint64_t now = clock_ns();
	if (!stays_whole(t, result, now)) {
		finish(t, result);
		return;
	}
	request_release(&t->request);
	wait_for_server(t, now);
}

static void fail(struct transfer *t, const char *why)
{
	snprintf(t->stream.why, sizeof(t->stream.why), "%s", why);
	stream_give_up(&t->stream, END_TRANSPORT);
	finish(t, CURLE_OK);
}

static void end_early(struct transfer *t, enum request_end end)
{
	alarm_stop(&t->alarm);
	wait_no_more(t);
	if (t->in_curl)
		http_client_remove(t->shared->http, &t->http);
	t->in_curl = false;
	stream_give_up(&t->stream, end);
	finish(t, CURLE_OK);
}

static void on_stall_over(void *arg)
{
	end_early(arg, END_STALLED);
}

static void on_stalled(void *arg)
{
	struct transfer *t = arg;
	uint64_t stall_ns = t->shared->group->stall_ns;
	if (stall_ns > 0)
		alarm_set(&t->alarm, clock_ns() + stall_ns, on_stall_over, t);
	else
		t->callbacks.stalled(t->callbacks.arg);
}

static enum body_kind body_of(const struct load_group *group, const struct upload_spec *spec)
{
	if (group->body == NULL)
		return spec->body;
	return strcmp(group->body, "raw") == 0 ? BODY_RAW : BODY_MULTIPART;
}

static int build_upload(struct transfer *t, const char *name, struct error *err)
{
	const struct load_group *group = t->shared->group;
	const struct target_access *access = t->shared->access;
	const struct request_upload upload = {
		.name = name,
		.body = body_of(group, &access->spec->upload),
		.method = group->method,
		.size_bytes = t->stream.wanted,
		.read = stream_read,
		.seek = stream_seek,
		.arg = &t->stream,
	};
	return request_build_upload(&t->request, t->http.easy, access, &upload, err);
}

static int build(struct transfer *t, struct error *err)
{
	const struct target_access *access = t->shared->access;
	struct stream *s = &t->stream;
	CURL *easy = t->http.easy;
	char name[OBJECT_NAME_MAX], size_text[24];
	object_name(&s->object, name);

	if (s->kind == REQUEST_UPLOAD)
		return build_upload(t, name, err);
	snprintf(size_text, sizeof(size_text), "%" PRIu64, s->object.size_bytes);
	const struct template_value values[] = {
		{ "name", name },
		{ s->object.id != NULL ? "id" : NULL, s->object.id },
		{ "size", size_text },
		{ NULL, NULL },
	};
	const struct template_scope scope = { .values = values, .parent = NULL };
	const struct request_spec *spec =
		s->kind == REQUEST_OTHER ? &t->shared->group->request : &access->spec->download;
	if (request_build(&t->request, easy, access, spec, &scope, err) != 0)
		return -1;
	if (s->kind == REQUEST_RANGE) {
		/* Open-ended, and hung up on once the window was read: as players do, and dearest for a server. */
		char range[32];
		snprintf(range, sizeof(range), "%" PRIu64 "-", s->offset);
		curl_easy_setopt(easy, CURLOPT_RANGE, range);
	}
	return 0;
}

/* Called before the request is sent, also over a kept connection (CURLOPT_PREREQFUNCTION(3)). */
static int on_connected(void *arg, char *address, char *local_address, int port, int local_port)
{
	struct transfer *t = arg;
	(void)address;
	(void)local_address;
	(void)port;
	(void)local_port;
	t->reached = true;
	patience_met(t->shared->patience, clock_ns());
	return CURL_PREREQFUNC_OK;
}

static void send_request(void *arg)
{
	struct transfer *t = arg;
	struct error err = ERROR_INIT;
	uint64_t now = clock_ns();
	wait_no_more(t);
	if (t->shared->patience->down && !t->shared->read_back && patience_refused(t->shared->patience, now)) {
		wait_for_server(t, now);
		return;
	}
	if (t->http.easy == NULL)
		t->http.easy = curl_easy_init();
	else
		curl_easy_reset(t->http.easy); /* keeps connections and cookies (curl_easy_reset(3)) */
	if (t->http.easy == NULL) {
		fail(t, "cannot create a curl handle");
		return;
	}
	t->http.done = on_done;
	t->curl_error[0] = '\0';
	if (build(t, &err) != 0) {
		fail(t, err.message);
		return;
	}
	if (t->shared->group->timeout_ns > 0)
		curl_easy_setopt(t->http.easy, CURLOPT_TIMEOUT_MS,
				 (long)(t->shared->group->timeout_ns / NS_PER_MS) + 1);
	/*
	 * The clients of a group share a pool of connections.  Opening one for each
	 * client that has none keeps as many as clients, and it does not matter who uses which.
	 */
	curl_easy_setopt(t->http.easy, CURLOPT_FRESH_CONNECT, t->connected ? 0L : 1L);
	curl_easy_setopt(t->http.easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(t->http.easy, CURLOPT_PREREQDATA, t);
	stream_attach(&t->stream);
	if (http_client_add(t->shared->http, &t->http, &err) != 0) {
		fail(t, err.message);
		return;
	}
	t->in_curl = true;
	t->sent_ns = clock_ns();
}

void transfer_init(struct transfer *t, struct shared *shared, unsigned client,
		   const struct transfer_callbacks *callbacks)
{
	t->shared = shared;
	t->request = (struct request)REQUEST_INIT;
	t->client = client;
	t->callbacks = *callbacks;
	alarm_init(&t->alarm, shared->loop, shared->handles);
	t->ground = (struct stream_ground){ .shared = shared,
					    .client = client,
					    .http = &t->http,
					    .alarm = &t->alarm,
					    .curl_error = t->curl_error,
					    .stalled = on_stalled,
					    .arg = t };
}

/* The object that an upload makes; for small requests and where there is nothing to read, none in particular. */
static struct object own_object(const struct transfer *t, const struct transfer_order *order)
{
	struct shared *shared = t->shared;
	struct object object = { .group = shared->group, .client = t->client };
	if (order->kind != REQUEST_UPLOAD)
		return object;
	object.number = objects_new_number(shared->objects);
	object.size_bytes = order->wanted;
	object.source.file = shared->file;
	/* Any odd factor: two loads share no stream. */
	object.source.seed = shared->seed * 0x9e3779b97f4a7c15ULL + object.number;
	return object;
}

void transfer_begin(struct transfer *t, const struct transfer_order *order)
{
	struct shared *shared = t->shared;
	struct object own = order->object == NULL ? own_object(t, order) : *order->object;

	stream_begin(&t->stream, &t->ground, order->kind, &own);
	t->stream.offset = order->offset;
	t->stream.wanted = order->wanted;
	t->load_stopped = t->reached = t->waited = false;
	t->sent_ns = 0;
	t->sequence = tally_started(&shared->tally);
	t->started_ns = clock_ns();
	t->intended_ns = order->intended_ns > 0 ? order->intended_ns : t->started_ns;
	if (order->object == NULL && request_reads(order->kind))
		fail(t, "nothing to read: no upload has been acknowledged");
	else if (shared->group->latency_ns > 0)
		alarm_set(&t->alarm, t->started_ns + shared->group->latency_ns, send_request, t);
	else
		send_request(t);
}

void transfer_cut(struct transfer *t, bool load_stopped)
{
	t->load_stopped = load_stopped;
	end_early(t, t->stream.has_stalled ? END_STALLED : END_CUT);
}

void transfer_close(struct transfer *t)
{
	if (t->in_curl)
		http_client_remove(t->shared->http, &t->http);
	t->in_curl = false;
	wait_no_more(t);
	release(t);
	if (t->http.easy != NULL)
		curl_easy_cleanup(t->http.easy);
	t->http.easy = NULL;
	alarm_close(&t->alarm);
}
