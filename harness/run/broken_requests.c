#include "run/broken_requests.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool broken_hold(struct broken_requests *l, const struct load_request *request, const char *phase)
{
	if (request->end != END_TRANSPORT || request->curl_code == 0)
		return false;
	if (l->count == l->capacity) {
		l->capacity = l->capacity > 0 ? l->capacity * 2 : 64;
		l->rows = xrealloc(l->rows, l->capacity * sizeof(*l->rows));
	}
	l->rows[l->count++] = (struct broken_row){ *request, phase, l->down ? l->deaths : 0 };
	return true;
}

void broken_death(struct broken_requests *l, uint64_t end_ns)
{
	l->deaths++;
	l->down = true;
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].death == 0 && l->rows[i].request.finished_ns + BROKEN_WINDOW_NS >= end_ns)
			l->rows[i].death = l->deaths;
}

void broken_up(struct broken_requests *l)
{
	l->down = false;
}

/* A connection that was refused never reached the server. */
void broken_note(struct broken_requests *l, const struct load_request *request)
{
	size_t old = 0;
	if (request->end != END_TRANSPORT || request->curl_code == 0 || request->connected_ns == 0)
		return;
	while (old < l->recent_count && l->recent[old].finished_ns + BROKEN_WINDOW_NS < request->finished_ns)
		old++;
	l->recent_count -= old;
	if (old > 0)
		memmove(l->recent, l->recent + old, l->recent_count * sizeof(*l->recent));
	if (l->recent_count == l->recent_capacity) {
		l->recent_capacity = l->recent_capacity > 0 ? l->recent_capacity * 2 : 64;
		l->recent = xrealloc(l->recent, l->recent_capacity * sizeof(*l->recent));
	}
	uint64_t upload = request->kind == REQUEST_UPLOAD ? request->sent_bytes : 0;
	l->recent[l->recent_count++] = (struct broken_recent){ request->finished_ns, upload };
}

bool broken_lately(const struct broken_requests *l, uint64_t now_ns)
{
	return l->recent_count > 0 && l->recent[l->recent_count - 1].finished_ns + BROKEN_WINDOW_NS >= now_ns;
}

void broken_under_way(const struct broken_requests *l, uint64_t end_ns, uint64_t *count, uint64_t *upload_bytes)
{
	for (size_t i = 0; i < l->recent_count; i++)
		if (l->recent[i].finished_ns + BROKEN_WINDOW_NS >= end_ns) {
			*count += 1;
			*upload_bytes += l->recent[i].upload_bytes;
		}
}

void broken_look(struct broken_requests *l, const struct load_request *request)
{
	if (request->found == FOUND_NOT_LOOKED || request->found == FOUND_UNREAD)
		return;
	bool torn = request->found == FOUND_HALF && request->end == END_TRANSPORT && request->acknowledged;
	l->torn_ns = torn ? request->finished_ns : 0;
}

bool broken_torn(const struct broken_requests *l, uint64_t end_ns)
{
	return l->torn_ns != 0 && l->torn_ns + BROKEN_WINDOW_NS >= end_ns;
}

void broken_release(struct broken_requests *l, uint64_t now_ns, bool all,
		    void (*fn)(void *arg, const struct broken_row *row), void *arg)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct broken_row *row = &l->rows[i];
		if (all || row->death != 0 || row->request.finished_ns + BROKEN_WINDOW_NS < now_ns)
			fn(arg, row);
		else
			l->rows[kept++] = *row;
	}
	l->count = kept;
}

void broken_free(struct broken_requests *l)
{
	free(l->rows);
	free(l->recent);
	memset(l, 0, sizeof(*l));
}
