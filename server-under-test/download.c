#include "download.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "range.h"
#include "reader.h"
#include "log.h"
#include "server.h"

/* How much is read and sent at a time, and the memory a download costs. */
#define PIECE_BYTES (32 * 1024)
#define CONTENT_TYPE "application/octet-stream"

/* A body is a row of segments: text of our own (the frames of multipart/byteranges), or a stretch of the entry. */
struct segment {
	char *text; /* NULL: a stretch of the entry */
	uint64_t offset, len;
};

struct download {
	struct server *server;
	struct reader reader;
	struct segment segments[2 * RANGES_MAX + 1];
	size_t segment_count;
	uint64_t total_bytes;
	size_t current; /* segment that holds the next byte */
	uint64_t current_start;
};

static struct download *download_new(struct server *server, const char *id)
{
	struct download *d = xcalloc(1, sizeof(*d));
	d->server = server;
	reader_init(&d->reader, server, id);
	atomic_fetch_add(&server->downloads_in_flight, 1);
	return d;
}

static void download_free(void *cls)
{
	struct download *d = cls;
	for (size_t i = 0; i < d->segment_count; i++)
		free(d->segments[i].text);
	reader_release(&d->reader);
	atomic_fetch_sub(&d->server->downloads_in_flight, 1);
	free(d);
}

static void add_stretch(struct download *d, uint64_t offset, uint64_t len)
{
	d->segments[d->segment_count++] = (struct segment){ .offset = offset, .len = len };
	d->total_bytes += len;
}

static void add_text(struct download *d, char *text)
{
	d->segments[d->segment_count++] = (struct segment){ .text = text, .len = strlen(text) };
	d->total_bytes += strlen(text);
}

static void add_parts(struct download *d, const struct range *ranges, size_t count, uint64_t size_bytes,
		      const char *boundary)
{
	for (size_t i = 0; i < count; i++) {
		add_text(d, xasprintf("%s--%s\r\nContent-Type: " CONTENT_TYPE "\r\nContent-Range: bytes %" PRIu64
				      "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
				      i == 0 ? "" : "\r\n", boundary, ranges[i].first, ranges[i].last, size_bytes));
		add_stretch(d, ranges[i].first, ranges[i].last - ranges[i].first + 1);
	}
	add_text(d, xasprintf("\r\n--%s--\r\n", boundary));
}

/* Called with positions that only rise, each the sum of what was returned before. */
static ssize_t read_body(void *cls, uint64_t position, char *out, size_t max)
{
	struct download *d = cls;
	while (position - d->current_start >= d->segments[d->current].len)
		d->current_start += d->segments[d->current++].len;
	const struct segment *s = &d->segments[d->current];
	uint64_t within = position - d->current_start;
	size_t n = s->len - within < max ? (size_t)(s->len - within) : max;
	if (s->text != NULL) {
		memcpy(out, s->text + within, n);
		return (ssize_t)n;
	}
	struct error err = ERROR_INIT;
	size_t got;
	if (atomic_load(&d->server->stopping))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (reader_read(&d->reader, s->offset + within, out, n, &got, &err) != 0) {
		if (err.code != ERROR_INTERRUPTED)
			server_log("%s", err.message);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return (ssize_t)got;
}

/* The response, with what takes long done already; NULL when that failed, or failed to be made. */
static struct MHD_Response *response_of(struct request *r, struct download *d)
{
	const struct segment *first = &d->segments[d->segments[0].text != NULL];
	struct error err = ERROR_INIT;
	if (!r->is_head && first->len > 0 && reader_prepare(&d->reader, first->offset, &err) != 0) {
		request_fail_error(r, &err);
		download_free(d);
		return NULL;
	}
	struct MHD_Response *response =
		MHD_create_response_from_callback(d->total_bytes, PIECE_BYTES, read_body, d, download_free);
	if (response == NULL)
		download_free(d);
	return response;
}

/* Queues and drops the response; with `etag` come the headers every answer about the entry has. */
static enum MHD_Result answer(struct request *r, unsigned status, struct MHD_Response *response, const char *etag)
{
	if (response == NULL)
		return r->failure_status != 0 ? request_answer_failure(r) : MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	enum MHD_Result result = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_whole(struct request *r, const struct entry *entry, const char *etag)
{
	struct download *d = download_new(r->server, entry->id);
	add_stretch(d, 0, entry->readable_bytes);
	struct MHD_Response *response = response_of(r, d);
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE);
	return answer(r, MHD_HTTP_OK, response, etag);
}

static void add_content_range(struct MHD_Response *response, const struct range *range, uint64_t size_bytes)
{
	char value[80] = "";
	if (range == NULL)
		snprintf(value, sizeof(value), "bytes */%" PRIu64, size_bytes);
	else
		snprintf(value, sizeof(value), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first, range->last,
			 size_bytes);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, value);
}

static enum MHD_Result answer_unsatisfiable(struct request *r, const struct entry *entry, const char *etag)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		add_content_range(response, NULL, entry->readable_bytes);
	return answer(r, MHD_HTTP_RANGE_NOT_SATISFIABLE, response, etag);
}

static enum MHD_Result answer_ranges(struct request *r, const struct entry *entry, const struct range *ranges,
				     size_t count, const char *etag)
{
	struct download *d = download_new(r->server, entry->id);
	char boundary[ENTRY_ID_MAX], type[128] = CONTENT_TYPE;
	if (count == 1) {
		add_stretch(d, ranges[0].first, ranges[0].last - ranges[0].first + 1);
	} else {
		entry_id_make(boundary);
		snprintf(type, sizeof(type), "multipart/byteranges; boundary=%s", boundary);
		add_parts(d, ranges, count, entry->readable_bytes, boundary);
	}
	struct MHD_Response *response = response_of(r, d);
	if (response != NULL) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
		if (count == 1)
			add_content_range(response, &ranges[0], entry->readable_bytes);
	}
	return answer(r, MHD_HTTP_PARTIAL_CONTENT, response, etag);
}

/* Finds the entry, or fails the request. */
static void find_entry(struct request *r, struct entry *entry)
{
	struct error err = ERROR_INIT;
	int found = 0;
	if (entry_id_valid(r->argument)) {
		struct db_connection *c = db_acquire(&r->server->database, DB_READ, &err);
		found = c == NULL ? -1 : store_find_entry(c, r->argument, entry, &err);
		if (c != NULL)
			db_release(c);
	}
	if (found < 0)
		request_fail_error(r, &err);
	else if (found == 0)
		request_fail(r, MHD_HTTP_NOT_FOUND, "no such entry");
	/* The original served what its purge had left, down to nothing, with a 200 (P7). */
	else if (entry->readable_bytes != entry->size_bytes && !server_has(r->server, EAGER_PURGE))
		request_fail(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "entry '%s' is damaged: chunks are missing", entry->id);
}

enum MHD_Result download_answer(struct request *r)
{
	struct entry entry;
	find_entry(r, &entry);
	if (r->failure_status != 0)
		return request_answer_failure(r);
	char etag[ENTRY_ID_MAX + 2]; /* an entry never changes: its id says which bytes it is */
	snprintf(etag, sizeof(etag), "\"%s\"", entry.id);
	const char *header = request_header(r, MHD_HTTP_HEADER_RANGE);
	const char *condition = request_header(r, MHD_HTTP_HEADER_IF_RANGE);
	struct range ranges[RANGES_MAX];
	size_t count = 0;
	enum range_result result = RANGE_IGNORED;
	/* Range means something for GET only (RFC 9110 section 14.2); HEAD describes the whole. */
	if (header != NULL && !r->is_head && (condition == NULL || strcmp(condition, etag) == 0))
		result = range_parse(header, entry.readable_bytes, ranges, &count);
	switch (result) {
	case RANGE_SATISFIABLE:
		return answer_ranges(r, &entry, ranges, count, etag);
	case RANGE_UNSATISFIABLE:
		return answer_unsatisfiable(r, &entry, etag);
	case RANGE_IGNORED:
		break;
	}
	return answer_whole(r, &entry, etag);
}
