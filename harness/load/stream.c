/* curl's callbacks.  They run inside curl: they move bytes, judge and pause, and start nothing and end nothing. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "load/internal.h"

/* Kept of the answer to an upload, where the id is; and of a refusal, for the error text. */
#define ANSWER_MAX_BYTES (64u << 10)
/* A refusal longer than this is hung up on. */
#define REFUSAL_MAX_BYTES (1u << 20)
#define REFUSAL_KEPT_BYTES 200u

/* Buffers of one group's transfers together; each gets a share within curl's limits for it. */
#define BUFFERS_BUDGET_BYTES (16u << 20)
#define UPLOAD_BUFFER_MIN_BYTES (16u << 10) /* CURLOPT_UPLOAD_BUFFERSIZE(3) */
#define UPLOAD_BUFFER_MAX_BYTES (512u << 10)
#define RECEIVE_BUFFER_MIN_BYTES 1024u /* CURLOPT_BUFFERSIZE(3) */
#define RECEIVE_BUFFER_MAX_BYTES (128u << 10)

/* What a throttled client's kernel holds: little, so that the server meets the slow line and not a buffer. */
#define SLOW_SOCKET_BUFFER_MIN_BYTES (8u << 10)
#define SLOW_SOCKET_BUFFER_MAX_BYTES (256u << 10)
/* As over Ethernet: with loopback's 64 KiB segments a small window would wait for the persist timer. */
#define SLOW_SEGMENT_BYTES 1460

static size_t between(size_t low, size_t value, size_t high)
{
	return value < low ? low : value > high ? high : value;
}

/*
 * A form's reader keeps our "pause" for itself as long as it has bytes of its
 * own to hand over, and curl forgets an unpause that comes before it has heard
 * of the pause.  So it is said again until the callback is called.
 */
#define UNPAUSE_AGAIN_NS (5 * NS_PER_MS)

static void unpause(struct client *c)
{
	c->unanswered = true;
	http_client_unpause(c->group->http, &c->http);
	if (c->unanswered)
		client_sleep_until(c, clock_ns() + UNPAUSE_AGAIN_NS, unpause);
}

static void called_again(struct client *c)
{
	if (c->unanswered)
		uv_timer_stop(&c->timer);
	c->unanswered = false;
}

/* Takes the bytes from the throttle; false: they do not fit yet, a timer goes on when they do. */
static bool admitted(struct client *c, size_t bytes)
{
	struct bucket *b = &c->transfer.bucket;
	if (bucket_take(b, bytes, clock_ns()))
		return true;
	client_sleep_until(c, bucket_ready_ns(b, bytes), unpause);
	return false;
}

static void give_up(struct transfer *t, enum request_end end)
{
	t->given_up = true;
	t->own_end = end;
}

/* Bytes until the client stalls or vanishes, at most len; a limit beyond the transfer is none. */
static size_t until_limit(const struct transfer *t, uint64_t limit, size_t len)
{
	if (limit == 0 || limit >= t->wanted || limit - t->done > len)
		return len;
	return (size_t)(limit - t->done);
}

static bool reached(const struct transfer *t, uint64_t limit)
{
	return limit > 0 && limit < t->wanted && t->done >= limit;
}

size_t stream_read(char *out, size_t size, size_t count, void *arg)
{
	struct client *c = arg;
	struct transfer *t = &c->transfer;
	struct load *l = c->group->load;
	const struct load_group *group = c->group->group;
	size_t len = size * count;

	called_again(c);
	if (t->done >= t->wanted)
		return 0;
	if (c->stalled)
		return CURL_READFUNC_PAUSE;
	if (reached(t, group->vanish_after_bytes)) {
		give_up(t, END_VANISHED);
		return CURL_READFUNC_ABORT;
	}
	if (reached(t, group->stall_after_bytes)) {
		client_stall(c);
		return CURL_READFUNC_PAUSE;
	}
	if (group->up_bytes_per_s > 0)
		len = between(1, t->bucket.piece_bytes, len);
	if (len > t->wanted - t->done)
		len = (size_t)(t->wanted - t->done);
	len = until_limit(t, group->vanish_after_bytes, len);
	len = until_limit(t, group->stall_after_bytes, len);
	if (!admitted(c, len))
		return CURL_READFUNC_PAUSE;
	t->bucket.piece_bytes = bucket_piece_bytes(group->up_bytes_per_s);

	if (source_fill(&t->source, t->done, out, len) != 0) {
		snprintf(t->why, sizeof(t->why), "cannot read '%s' at %llu", t->source.file->path,
			 (unsigned long long)t->done);
		give_up(t, END_TRANSPORT);
		return CURL_READFUNC_ABORT;
	}
	t->done += len;
	l->totals.sent_bytes += len;
	l->totals.sent_in_flight_bytes += len;
	c->group->progress.done_bytes += len;
	return len;
}

/* curl starts a body again when a kept connection turned out to be dead. */
int stream_seek(void *arg, curl_off_t offset, int origin)
{
	struct client *c = arg;
	struct transfer *t = &c->transfer;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->done)
		return CURL_SEEKFUNC_CANTSEEK;
	uint64_t back = t->done - (uint64_t)offset;
	t->done -= back;
	c->group->load->totals.sent_bytes -= back;
	c->group->load->totals.sent_in_flight_bytes -= back;
	c->group->progress.done_bytes -= back;
	return CURL_SEEKFUNC_OK;
}

/* RFC 9110, section 14.4: "bytes first-last/complete".  We asked for everything from offset on. */
static bool range_is_right(struct client *c)
{
	struct transfer *t = &c->transfer;
	struct curl_header *header;
	unsigned long long first, last, complete;
	if (curl_easy_header(c->http.easy, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
		snprintf(t->why, sizeof(t->why), "answered 206 without Content-Range");
		return false;
	}
	if (sscanf(header->value, "bytes %llu-%llu/%llu", &first, &last, &complete) != 3 || first != t->offset ||
	    last + 1 != t->object_bytes || complete != t->object_bytes) {
		snprintf(t->why, sizeof(t->why), "answered 'Content-Range: %.60s' instead of 'bytes %llu-%llu/%llu'",
			 header->value, (unsigned long long)t->offset, (unsigned long long)t->object_bytes - 1,
			 (unsigned long long)t->object_bytes);
		return false;
	}
	return true;
}

bool stream_judge(struct client *c)
{
	struct transfer *t = &c->transfer;
	const struct server_spec *spec = c->group->load->access->spec;
	if (t->judged)
		return !t->refused;
	t->judged = true;
	long status = 0;
	curl_easy_getinfo(c->http.easy, CURLINFO_RESPONSE_CODE, &status);
	switch (t->kind) {
	case REQUEST_UPLOAD:
		t->refused = !request_status_ok(0, status);
		break;
	case REQUEST_DOWNLOAD:
	case REQUEST_READ_BACK:
		t->refused = !request_status_ok(spec->download.status, status);
		break;
	case REQUEST_RANGE:
		if (status == 200) {
			snprintf(t->why, sizeof(t->why), "answered 200 to a range request: the whole object, not 206");
			t->refused = true;
		} else {
			t->refused = status != 206 || !range_is_right(c);
		}
		break;
	case REQUEST_OTHER:
		t->refused = !request_status_ok(c->group->group->request.status, status);
		break;
	}
	return !t->refused;
}

static void keep(struct buf *answer, const char *data, size_t len, size_t most)
{
	if (answer->len < most)
		buf_add(answer, data, len < most - answer->len ? len : most - answer->len);
}

static void verify(struct client *c, const char *data, size_t len)
{
	struct transfer *t = &c->transfer;
	size_t right = 0;
	if (!(c->group->group->verify || c->group->read_back) || t->corrupt)
		return;
	if (source_check(&t->source, t->offset + t->done, data, len, &right) != 0) {
		snprintf(t->why, sizeof(t->why), "cannot read '%s' to compare", t->source.file->path);
		give_up(t, END_TRANSPORT);
		return;
	}
	t->verified += right;
	c->group->load->totals.verified_bytes += right;
	if (right < len) {
		t->corrupt = true;
		t->corrupt_at = t->offset + t->done + right;
	}
}

/* Body bytes of an object being read.  Returns what curl should think was taken; anything short ends the transfer. */
static size_t take_object_bytes(struct client *c, const char *data, size_t len)
{
	struct transfer *t = &c->transfer;
	const struct load_group *group = c->group->group;
	bool window = t->kind == REQUEST_RANGE;
	size_t part = len < t->wanted - t->done ? len : (size_t)(t->wanted - t->done);

	verify(c, data, part);
	t->done += part;
	c->group->load->totals.received_bytes += part;
	c->group->progress.done_bytes += part;
	if (t->given_up)
		return 0;
	if (part < len && !window)
		t->excess += len - part;
	if (window && t->done == t->wanted && t->offset + t->wanted < t->object_bytes) {
		t->window_read = true;
		return 0;
	}
	if (reached(t, group->vanish_after_bytes)) {
		give_up(t, END_VANISHED);
		return 0;
	}
	if (reached(t, group->stall_after_bytes))
		client_stall(c);
	return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct client *c = arg;
	struct transfer *t = &c->transfer;
	size_t len = size * count;

	called_again(c);
	/* curl keeps the piece and brings it again (CURLOPT_WRITEFUNCTION(3)). */
	if (c->stalled || (t->kind != REQUEST_UPLOAD && !admitted(c, len)))
		return CURL_WRITEFUNC_PAUSE;
	if (!stream_judge(c)) {
		keep(&t->answer, data, len, REFUSAL_KEPT_BYTES);
		t->excess += len;
		return t->excess > REFUSAL_MAX_BYTES ? 0 : len;
	}
	if (t->kind == REQUEST_UPLOAD) {
		keep(&t->answer, data, len, ANSWER_MAX_BYTES);
		return len;
	}
	if (t->kind == REQUEST_OTHER) {
		t->done += len;
		c->group->load->totals.received_bytes += len;
		c->group->progress.done_bytes += len;
		return len;
	}
	return take_object_bytes(c, data, len);
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	struct client *c = arg;
	if (c->transfer.first_byte_ns == 0)
		c->transfer.first_byte_ns = clock_ns();
	if (http_header_fits(&c->http, size * count))
		return size * count;
	snprintf(c->transfer.why, sizeof(c->transfer.why), "the answer has more header lines than the rig keeps");
	give_up(&c->transfer, END_TRANSPORT);
	return 0;
}

/* Before connect(), so that the window offered in the handshake is already small. */
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)purpose;
	const struct load_group *group = arg;
	int segment = SLOW_SEGMENT_BYTES;
	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	if (group->down_bytes_per_s > 0) {
		int bytes = (int)between(SLOW_SOCKET_BUFFER_MIN_BYTES, bucket_piece_bytes(group->down_bytes_per_s) * 2,
					 SLOW_SOCKET_BUFFER_MAX_BYTES);
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	}
	if (group->up_bytes_per_s > 0) {
		int bytes = (int)between(SLOW_SOCKET_BUFFER_MIN_BYTES, bucket_piece_bytes(group->up_bytes_per_s) * 2,
					 SLOW_SOCKET_BUFFER_MAX_BYTES);
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	}
	return CURL_SOCKOPT_OK;
}

void stream_attach(struct client *c)
{
	CURL *easy = c->http.easy;
	const struct load_group *group = c->group->group;
	bool sends = c->transfer.kind == REQUEST_UPLOAD;
	uint64_t rate = sends ? group->up_bytes_per_s : group->down_bytes_per_s;
	size_t share = BUFFERS_BUDGET_BYTES / group->clients;
	size_t piece = rate > 0 ? bucket_piece_bytes(rate) : share;

	c->unanswered = false;
	bucket_init(&c->transfer.bucket, rate, c->index, clock_ns());
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
			 (long)between(UPLOAD_BUFFER_MIN_BYTES, sends ? piece : 0, UPLOAD_BUFFER_MAX_BYTES));
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
			 (long)between(RECEIVE_BUFFER_MIN_BYTES, sends ? 0 : piece, RECEIVE_BUFFER_MAX_BYTES));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->curl_error);
	if (group->up_bytes_per_s > 0 || group->down_bytes_per_s > 0) {
		curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
		curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, (void *)group);
	}
}
