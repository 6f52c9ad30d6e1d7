#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "load/internal.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

const char *const request_kind_names[] = {
	[REQUEST_UPLOAD] = "upload", [REQUEST_DOWNLOAD] = "download",	[REQUEST_RANGE] = "range",
	[REQUEST_OTHER] = "request", [REQUEST_READ_BACK] = "read-back",
};

const char *const request_end_names[] = {
	[END_OK] = "ok",	   [END_STATUS] = "status", [END_TRANSPORT] = "transport", [END_VANISHED] = "vanished",
	[END_STALLED] = "stalled", [END_CUT] = "cut",
};

static bool reads_object(enum request_kind kind)
{
	return kind == REQUEST_DOWNLOAD || kind == REQUEST_RANGE || kind == REQUEST_READ_BACK;
}

static const char *own_name(const struct client *c, char out[OBJECT_NAME_MAX])
{
	const struct transfer *t = &c->transfer;
	return object_name(t->object_group, t->object_client, t->number, out);
}

static void describe_refusal(const struct transfer *t, long status, char *out, size_t size)
{
	if (t->why[0] != '\0') {
		snprintf(out, size, "%s", t->why);
		return;
	}
	/* Shown before it is cut: half a secret would not be known for one. */
	struct buf shown = BUF_INIT;
	text_add(&shown, buf_str(&t->answer), t->answer.len);
	snprintf(out, size, "answered %ld%s%s", status, shown.len > 0 ? ": " : "", buf_str(&shown));
	buf_release(&shown);
}

/* id becomes the set's. */
static void keep_object(struct client *c, struct objects *set, bool acknowledged, char *id)
{
	const struct transfer *t = &c->transfer;
	const struct object object = {
		.acknowledged = acknowledged,
		.number = t->number,
		.size_bytes = t->wanted,
		.source = t->source,
		.group = t->object_group,
		.client = t->object_client,
	};
	objects_add(set, &object, id);
}

/* The id from the answer; keeps the object.  False: there is none, said in out. */
static bool acknowledge(struct client *c, char *out, size_t size)
{
	struct load *l = c->group->load;
	struct transfer *t = &c->transfer;
	struct error err = ERROR_INIT;
	struct buf id = BUF_INIT;
	char name[OBJECT_NAME_MAX];

	if (request_find_id(&l->access->spec->upload, own_name(c, name), c->http.easy, &t->answer, &id, &err) != 0) {
		snprintf(out, size, "%s", err.message);
		buf_release(&id);
		return false;
	}
	keep_object(c, &l->objects, true, buf_detach(&id));
	l->totals.acknowledged_objects++;
	l->totals.acknowledged_bytes += t->wanted;
	return true;
}

/* An upload that was under way when the connection went: what a client that names its objects can look for later. */
static void keep_unanswered(struct client *c, const struct load_request *r)
{
	const struct upload_spec *upload = &c->group->load->access->spec->upload;
	bool broken = r->end == END_TRANSPORT || (r->end == END_CUT && c->group->load->stopping);
	char name[OBJECT_NAME_MAX];
	if (r->kind == REQUEST_UPLOAD && broken && r->status == 0 && c->transfer.done > 0 && upload->id_json == NULL &&
	    upload->id_header == NULL)
		keep_object(c, &c->group->load->unanswered, false, xstrdup(own_name(c, name)));
}

/* Our own doing first, then what curl says, then what the answer says. */
static enum request_end judge_end(struct client *c, CURLcode result, struct load_request *r)
{
	struct transfer *t = &c->transfer;
	if (t->given_up) {
		if (t->own_end == END_TRANSPORT)
			snprintf(r->error, sizeof(r->error), "%s", t->why);
		return t->own_end;
	}
	bool hung_up_on_refusal = result == CURLE_WRITE_ERROR && t->judged && t->refused;
	if (result != CURLE_OK && !t->window_read && !hung_up_on_refusal) {
		snprintf(r->error, sizeof(r->error), "%s",
			 t->why[0] != '\0'	    ? t->why
			 : c->curl_error[0] != '\0' ? c->curl_error
						    : curl_easy_strerror(result));
		return END_TRANSPORT;
	}
	if (!stream_judge(c)) {
		describe_refusal(t, r->status, r->error, sizeof(r->error));
		return END_STATUS;
	}
	if (t->kind == REQUEST_UPLOAD && t->done < t->wanted) {
		snprintf(r->error, sizeof(r->error), "answered %ld after %" PRIu64 " of %" PRIu64 " bytes", r->status,
			 t->done, t->wanted);
		return END_STATUS;
	}
	if (t->kind == REQUEST_UPLOAD && !acknowledge(c, r->error, sizeof(r->error)))
		return END_STATUS;
	return END_OK;
}

/*
 * Wrong bytes are corrupt however the transfer ended; missing ones only when
 * the answer claimed to be complete, because a connection that broke proves
 * nothing about the object.  A read-back is stricter: an acknowledged object
 * that is refused or breaks off after an answer began is not there.
 */
static enum request_verdict judge_bytes(struct client *c, enum request_end end, enum object_found found,
					uint64_t *corrupt_at)
{
	struct transfer *t = &c->transfer;
	if (!reads_object(t->kind))
		return VERIFY_NOT_CHECKED;
	if (t->kind == REQUEST_READ_BACK && !t->acknowledged)
		return found == FOUND_INTACT ? VERIFY_OK : VERIFY_NOT_CHECKED;
	*corrupt_at = t->corrupt_at;
	if (t->corrupt)
		return VERIFY_CORRUPT;
	bool complete = end == END_OK ||
			(t->kind == REQUEST_READ_BACK && t->first_byte_ns > 0 && !t->given_up && end != END_CUT);
	*corrupt_at = t->offset + t->done;
	if (complete && (t->done < t->wanted || end != END_OK || t->excess > 0))
		return VERIFY_CORRUPT;
	*corrupt_at = 0;
	return end == END_OK && (c->group->group->verify || c->group->read_back) ? VERIFY_OK : VERIFY_NOT_CHECKED;
}

static enum object_found look_found(struct client *c)
{
	const struct transfer *t = &c->transfer;
	bool answered = t->first_byte_ns > 0 && !t->given_up;
	const struct found_answer answer = { .answered = answered,
					     .refused = answered && !stream_judge(c),
					     .wrong = t->corrupt,
					     .wanted = t->wanted,
					     .done = t->done,
					     .excess = t->excess };
	return t->kind == REQUEST_READ_BACK ? found_judge(&answer) : FOUND_NOT_LOOKED;
}

static void describe_corruption(const struct client *c, struct load_request *r)
{
	const struct transfer *t = &c->transfer;
	char told[sizeof(r->error)];
	snprintf(told, sizeof(told), "%s", r->error);
	const char *what = t->kind == REQUEST_READ_BACK ? "acknowledged object" : "object";
	if (t->corrupt)
		snprintf(r->error, sizeof(r->error), "%s %" PRIu64 " (id %.40s): wrong byte at %" PRIu64 " of %" PRIu64,
			 what, t->number, t->object_id, t->corrupt_at, t->object_bytes);
	else if (t->done < t->wanted)
		snprintf(r->error, sizeof(r->error),
			 "%s %" PRIu64 " (id %.40s) reads back %" PRIu64 " of %" PRIu64 " bytes%s%s", what, t->number,
			 t->object_id, t->done, t->wanted, told[0] != '\0' ? ": " : "", told);
	else
		snprintf(r->error, sizeof(r->error), "%s %" PRIu64 " (id %.40s) reads back %" PRIu64 " bytes too many",
			 what, t->number, t->object_id, t->excess);
}

/* CURLINFO times count from the moment the handle was added. */
static void read_times(struct client *c, struct load_request *r)
{
	const struct transfer *t = &c->transfer;
	curl_off_t connect_us = 0;
	long connections = 0;
	r->intended_ns = t->intended_ns;
	r->started_ns = t->started_ns;
	r->first_byte_ns = t->first_byte_ns;
	r->finished_ns = clock_ns();
	if (t->sent_ns == 0)
		return;
	curl_easy_getinfo(c->http.easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	curl_easy_getinfo(c->http.easy, CURLINFO_NUM_CONNECTS, &connections);
	if (connect_us > 0)
		r->connected_ns = t->sent_ns + (uint64_t)connect_us * NS_PER_US;
	else if (connections == 0 && (t->done > 0 || t->first_byte_ns > 0))
		r->connected_ns = t->sent_ns; /* a kept connection */
}

static void read_sent(struct client *c, struct load_request *r)
{
	struct transfer *t = &c->transfer;
	struct load *l = c->group->load;
	if (t->kind != REQUEST_UPLOAD) {
		r->received_bytes = t->done;
		return;
	}
	/* curl holds up to one buffer that never reached the socket; its own count includes form and chunk framing. */
	curl_off_t on_wire = 0;
	if (t->sent_ns != 0)
		curl_easy_getinfo(c->http.easy, CURLINFO_SIZE_UPLOAD_T, &on_wire);
	r->sent_bytes = (uint64_t)on_wire < t->done ? (uint64_t)on_wire : t->done;
	l->totals.sent_in_flight_bytes -= t->done;
	l->totals.sent_bytes -= t->done - r->sent_bytes;
	c->group->progress.done_bytes -= t->done - r->sent_bytes;
}

static void count(struct group_run *g, const struct load_request *r)
{
	struct load_totals *totals = &g->load->totals;
	totals->in_flight--;
	g->progress.in_flight--;
	g->progress.done++;
	if (r->verify == VERIFY_CORRUPT)
		totals->corrupt++;
	if (r->end == END_VANISHED || r->end == END_STALLED || r->end == END_CUT) {
		totals->cut++;
	} else if (r->end != END_OK || r->verify == VERIFY_CORRUPT) {
		totals->failed++;
		g->progress.failed++;
	} else {
		totals->ok++;
		latency_record(g->latency, r->finished_ns - r->intended_ns);
	}
}

static void finish(struct client *c, CURLcode result)
{
	struct group_run *g = c->group;
	struct transfer *t = &c->transfer;
	struct load_request r = {
		.sequence = t->sequence,
		.group = t->object_group->name,
		.client = g->read_back ? t->object_client : c->index,
		.kind = t->kind,
		.object = t->number,
		.offset = t->offset,
		.size_bytes = t->wanted,
		.curl_code = result,
	};
	if (!g->read_back)
		r.group = g->group->name;
	if (t->sent_ns != 0)
		curl_easy_getinfo(c->http.easy, CURLINFO_RESPONSE_CODE, &r.status);
	read_times(c, &r);
	read_sent(c, &r);
	if (c->stalled && !t->given_up) {
		/* Whoever hung up on a client that said nothing more was right to. */
		t->given_up = true;
		t->own_end = END_STALLED;
		if (result != CURLE_OK)
			snprintf(r.error, sizeof(r.error), "%s", c->curl_error);
	}
	r.end = judge_end(c, result, &r);
	r.acknowledged = t->acknowledged;
	r.found = look_found(c);
	r.verify = judge_bytes(c, r.end, r.found, &r.corrupt_at);
	if (r.verify == VERIFY_CORRUPT)
		describe_corruption(c, &r);
	keep_unanswered(c, &r);
	count(g, &r);
	if (c->stalled && g->group->stall_ns == 0)
		g->stalled--;
	c->connected = result == CURLE_OK && !t->given_up;
	c->stalled = false;
	transfer_release(c);
	if (g->load->callbacks.request_done != NULL)
		g->load->callbacks.request_done(g->load->callbacks.arg, &r);
	client_transfer_done(c, r.end);
}

static void on_done(struct http_transfer *http, CURLcode result)
{
	struct client *c = container_of(http, struct client, http);
	c->in_curl = false;
	uv_timer_stop(&c->timer);
	finish(c, result);
}

static void fail(struct client *c, const char *why)
{
	struct transfer *t = &c->transfer;
	snprintf(t->why, sizeof(t->why), "%s", why);
	t->given_up = true;
	t->own_end = END_TRANSPORT;
	finish(c, CURLE_OK);
}

static int build(struct client *c, struct error *err)
{
	const struct target_access *access = c->group->load->access;
	struct transfer *t = &c->transfer;
	CURL *easy = c->http.easy;
	char name[OBJECT_NAME_MAX], size_text[24];
	own_name(c, name);

	if (t->kind == REQUEST_UPLOAD)
		return request_build_upload(&c->request, easy, access, c->group->group->body, name, t->wanted,
					    stream_read, stream_seek, c, err);
	snprintf(size_text, sizeof(size_text), "%" PRIu64, t->object_bytes);
	const struct template_value values[] = {
		{ "name", name },
		{ t->object_id != NULL ? "id" : NULL, t->object_id },
		{ "size", size_text },
		{ NULL, NULL },
	};
	const struct template_scope scope = { .values = values, .parent = NULL };
	const struct request_spec *spec =
		t->kind == REQUEST_OTHER ? &c->group->group->request : &access->spec->download;
	if (request_build(&c->request, easy, access, spec, &scope, err) != 0)
		return -1;
	if (t->kind == REQUEST_RANGE) {
		/* Open-ended, and hung up on once the window was read: as players do, and dearest for a server. */
		char range[32];
		snprintf(range, sizeof(range), "%" PRIu64 "-", t->offset);
		curl_easy_setopt(easy, CURLOPT_RANGE, range);
	}
	return 0;
}

static void transfer_send(struct client *c)
{
	struct error err = ERROR_INIT;
	if (c->http.easy == NULL)
		c->http.easy = curl_easy_init();
	else
		curl_easy_reset(c->http.easy); /* keeps connections and cookies (curl_easy_reset(3)) */
	if (c->http.easy == NULL) {
		fail(c, "cannot create a curl handle");
		return;
	}
	c->http.done = on_done;
	c->curl_error[0] = '\0';
	if (build(c, &err) != 0) {
		fail(c, err.message);
		return;
	}
	/*
	 * The clients of a group share a pool of connections.  Opening one for each
	 * client that has none keeps as many as clients, and it does not matter who uses which.
	 */
	curl_easy_setopt(c->http.easy, CURLOPT_FRESH_CONNECT, c->connected ? 0L : 1L);
	stream_attach(c);
	if (http_client_add(c->group->http, &c->http, &err) != 0) {
		fail(c, err.message);
		return;
	}
	c->in_curl = true;
	c->transfer.sent_ns = clock_ns();
}

void transfer_begin(struct client *c, enum request_kind kind, const struct object *object, uint64_t offset,
		    uint64_t wanted)
{
	struct group_run *g = c->group;
	struct load *l = g->load;
	struct transfer *t = &c->transfer;

	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->sequence = l->sequence++;
	t->object_group = g->group;
	t->object_client = c->index;
	t->offset = offset;
	t->wanted = wanted;
	if (object != NULL) {
		t->source = object->source;
		t->number = object->number;
		t->object_id = object->id;
		t->acknowledged = object->acknowledged;
		t->object_bytes = object->size_bytes;
		t->object_group = object->group;
		t->object_client = object->client;
	} else if (kind == REQUEST_UPLOAD) {
		t->number = l->objects.next_number++;
		t->object_bytes = wanted;
		t->source.file = g->file;
		/* Any odd factor: two loads share no stream. */
		t->source.seed = l->seed * 0x9e3779b97f4a7c15ULL + t->number;
	}
	c->state = CLIENT_SENDING;
	c->started++;
	l->totals.started++;
	l->totals.in_flight++;
	g->progress.in_flight++;
	t->started_ns = clock_ns();
	t->intended_ns = c->intended_ns > 0 ? c->intended_ns : t->started_ns;
	if (object == NULL && reads_object(kind))
		fail(c, "nothing to read: no upload has been acknowledged");
	else if (g->group->latency_ns > 0)
		client_sleep_until(c, t->started_ns + g->group->latency_ns, transfer_send);
	else
		transfer_send(c);
}

void transfer_abort(struct client *c, enum request_end end)
{
	struct transfer *t = &c->transfer;
	uv_timer_stop(&c->timer);
	if (c->in_curl)
		http_client_remove(c->group->http, &c->http);
	c->in_curl = false;
	t->given_up = true;
	t->own_end = end;
	finish(c, CURLE_OK);
}

void transfer_release(struct client *c)
{
	request_release(&c->request);
	buf_release(&c->transfer.answer);
}
