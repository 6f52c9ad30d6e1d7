#include "load/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Kept of the answer to an upload, where the id is; and of a refusal, for the error text. */
#define ANSWER_MAX_BYTES (64u << 10)
/* A refusal longer than this is hung up on. */
#define REFUSAL_MAX_BYTES (1u << 20)
#define REFUSAL_KEPT_BYTES 2000u /* a page of HTML, of which the words are shown */

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

static void unpause(void *arg)
{
	struct stream *s = arg;
	const struct stream_ground *ground = s->ground;
	s->unheard = true;
	http_client_unpause(ground->shared->http, ground->http);
	if (s->unheard)
		alarm_set(ground->alarm, clock_ns() + UNPAUSE_AGAIN_NS, unpause, s);
}

static void called_again(struct stream *s)
{
	if (s->unheard)
		alarm_stop(s->ground->alarm);
	s->unheard = false;
}

/* Takes the bytes from the throttle; false: they do not fit yet, a timer goes on when they do. */
static bool admitted(struct stream *s, size_t bytes)
{
	if (bucket_take(&s->bucket, bytes, clock_ns()))
		return true;
	alarm_set(s->ground->alarm, bucket_ready_ns(&s->bucket, bytes), unpause, s);
	return false;
}

static void stall(struct stream *s)
{
	if (s->has_stalled)
		return;
	s->has_stalled = true;
	s->ground->stalled(s->ground->arg);
}

/* Bytes until the client stalls or vanishes, at most len; a limit beyond the transfer is none. */
static size_t until_limit(const struct stream *s, uint64_t limit, size_t len)
{
	if (limit == 0 || limit >= s->wanted || limit - s->done > len)
		return len;
	return (size_t)(limit - s->done);
}

static bool reached(const struct stream *s, uint64_t limit)
{
	return limit > 0 && limit < s->wanted && s->done >= limit;
}

size_t stream_read(char *out, size_t size, size_t count, void *arg)
{
	struct stream *s = arg;
	struct shared *shared = s->ground->shared;
	const struct load_group *group = shared->group;
	size_t len = size * count;

	called_again(s);
	if (s->done >= s->wanted)
		return 0;
	if (s->has_stalled)
		return CURL_READFUNC_PAUSE;
	if (reached(s, group->vanish_after_bytes)) {
		stream_give_up(s, END_VANISHED);
		return CURL_READFUNC_ABORT;
	}
	if (reached(s, group->stall_after_bytes)) {
		stall(s);
		return CURL_READFUNC_PAUSE;
	}
	if (group->up_bytes_per_s > 0)
		len = between(1, s->bucket.piece_bytes, len);
	if (len > s->wanted - s->done)
		len = (size_t)(s->wanted - s->done);
	len = until_limit(s, group->vanish_after_bytes, len);
	len = until_limit(s, group->stall_after_bytes, len);
	if (!admitted(s, len))
		return CURL_READFUNC_PAUSE;
	s->bucket.piece_bytes = bucket_piece_bytes(group->up_bytes_per_s);

	if (source_fill(&s->object.source, s->done, out, len) != 0) {
		snprintf(s->why, sizeof(s->why), "cannot read '%s' at %llu", s->object.source.file->path,
			 (unsigned long long)s->done);
		stream_give_up(s, END_TRANSPORT);
		return CURL_READFUNC_ABORT;
	}
	s->done += len;
	tally_sent(&shared->tally, len);
	return len;
}

/* curl starts a body again when a kept connection turned out to be dead. */
int stream_seek(void *arg, curl_off_t offset, int origin)
{
	struct stream *s = arg;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > s->done)
		return CURL_SEEKFUNC_CANTSEEK;
	uint64_t back = s->done - (uint64_t)offset;
	s->done -= back;
	tally_sent_again(&s->ground->shared->tally, back);
	return CURL_SEEKFUNC_OK;
}

/* RFC 9110, section 14.4: "bytes first-last/complete".  We asked for everything from offset on. */
static bool range_is_right(struct stream *s)
{
	struct curl_header *header;
	unsigned long long first, last, complete;
	if (curl_easy_header(s->ground->http->easy, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
		snprintf(s->why, sizeof(s->why), "answered 206 without Content-Range");
		return false;
	}
	if (sscanf(header->value, "bytes %llu-%llu/%llu", &first, &last, &complete) != 3 || first != s->offset ||
	    last + 1 != s->object.size_bytes || complete != s->object.size_bytes) {
		snprintf(s->why, sizeof(s->why), "answered 'Content-Range: %.60s' instead of 'bytes %llu-%llu/%llu'",
			 header->value, (unsigned long long)s->offset, (unsigned long long)s->object.size_bytes - 1,
			 (unsigned long long)s->object.size_bytes);
		return false;
	}
	return true;
}

bool stream_judge(struct stream *s)
{
	const struct server_spec *spec = s->ground->shared->access->spec;
	if (s->judged)
		return !s->refused;
	s->judged = true;
	long status = 0;
	curl_easy_getinfo(s->ground->http->easy, CURLINFO_RESPONSE_CODE, &status);
	switch (s->kind) {
	case REQUEST_UPLOAD:
		s->refused = !request_status_ok(0, status);
		break;
	case REQUEST_DOWNLOAD:
	case REQUEST_READ_BACK:
		s->refused = !request_status_ok(spec->download.status, status);
		break;
	case REQUEST_RANGE:
		if (status == 200) {
			snprintf(s->why, sizeof(s->why), "answered 200 to a range request: the whole object, not 206");
			s->refused = true;
		} else {
			s->refused = status != 206 || !range_is_right(s);
		}
		break;
	case REQUEST_OTHER:
		s->refused = !request_status_ok(s->ground->shared->group->request.status, status);
		break;
	}
	return !s->refused;
}

static void keep(struct buf *answer, const char *data, size_t len, size_t most)
{
	if (answer->len < most)
		buf_add(answer, data, len < most - answer->len ? len : most - answer->len);
}

static void verify(struct stream *s, const char *data, size_t len)
{
	size_t right = 0;
	if (!s->ground->shared->verify || s->corrupt)
		return;
	if (source_check(&s->object.source, s->offset + s->done, data, len, &right) != 0) {
		snprintf(s->why, sizeof(s->why), "cannot read '%s' to compare", s->object.source.file->path);
		stream_give_up(s, END_TRANSPORT);
		return;
	}
	tally_verified(&s->ground->shared->tally, right);
	if (right < len) {
		s->corrupt = true;
		s->corrupt_at = s->offset + s->done + right;
	}
}

/* Body bytes of an object being read.  Returns what curl should think was taken; anything short ends the transfer. */
static size_t take_object_bytes(struct stream *s, const char *data, size_t len)
{
	const struct load_group *group = s->ground->shared->group;
	bool window = s->kind == REQUEST_RANGE;
	size_t part = len < s->wanted - s->done ? len : (size_t)(s->wanted - s->done);

	verify(s, data, part);
	s->done += part;
	tally_received(&s->ground->shared->tally, part);
	if (s->given_up)
		return 0;
	if (part < len && !window)
		s->excess += len - part;
	if (window && s->done == s->wanted && s->offset + s->wanted < s->object.size_bytes) {
		s->window_read = true;
		return 0;
	}
	if (reached(s, group->vanish_after_bytes)) {
		stream_give_up(s, END_VANISHED);
		return 0;
	}
	if (reached(s, group->stall_after_bytes))
		stall(s);
	return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct stream *s = arg;
	size_t len = size * count;

	called_again(s);
	/* curl keeps the piece and brings it again (CURLOPT_WRITEFUNCTION(3)). */
	if (s->has_stalled || (s->kind != REQUEST_UPLOAD && !admitted(s, len)))
		return CURL_WRITEFUNC_PAUSE;
	if (!stream_judge(s)) {
		keep(&s->answer, data, len, REFUSAL_KEPT_BYTES);
		s->excess += len;
		return s->excess > REFUSAL_MAX_BYTES ? 0 : len;
	}
	if (s->kind == REQUEST_UPLOAD) {
		keep(&s->answer, data, len, ANSWER_MAX_BYTES);
		return len;
	}
	if (s->kind == REQUEST_OTHER) {
		s->done += len;
		tally_received(&s->ground->shared->tally, len);
		return len;
	}
	return take_object_bytes(s, data, len);
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	struct stream *s = arg;
	if (s->first_byte_ns == 0)
		s->first_byte_ns = clock_ns();
	if (http_header_fits(s->ground->http, size * count))
		return size * count;
	snprintf(s->why, sizeof(s->why), "the answer has more header lines than the rig keeps");
	stream_give_up(s, END_TRANSPORT);
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

void stream_begin(struct stream *s, const struct stream_ground *ground, enum request_kind kind,
		  const struct object *object)
{
	memset(s, 0, sizeof(*s));
	s->answer = (struct buf)BUF_INIT;
	s->ground = ground;
	s->kind = kind;
	s->object = *object;
}

void stream_give_up(struct stream *s, enum request_end end)
{
	s->given_up = true;
	s->own_end = end;
}

void stream_release(struct stream *s)
{
	buf_release(&s->answer);
}

void stream_attach(struct stream *s)
{
	CURL *easy = s->ground->http->easy;
	const struct load_group *group = s->ground->shared->group;
	bool sends = s->kind == REQUEST_UPLOAD;
	uint64_t rate = sends ? group->up_bytes_per_s : group->down_bytes_per_s;
	size_t share = BUFFERS_BUDGET_BYTES / group->clients;
	size_t piece = rate > 0 ? bucket_piece_bytes(rate) : share;

	s->unheard = false;
	bucket_init(&s->bucket, rate, s->ground->client, clock_ns());
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
			 (long)between(UPLOAD_BUFFER_MIN_BYTES, sends ? piece : 0, UPLOAD_BUFFER_MAX_BYTES));
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
			 (long)between(RECEIVE_BUFFER_MIN_BYTES, sends ? 0 : piece, RECEIVE_BUFFER_MAX_BYTES));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->ground->curl_error);
	if (group->up_bytes_per_s > 0 || group->down_bytes_per_s > 0) {
		curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
		curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, (void *)group);
	}
}
