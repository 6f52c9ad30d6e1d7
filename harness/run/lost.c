#include "run/lost.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool lost_hold(struct lost *l, const struct load_request *request, const char *phase)
{
	if (request->end != END_TRANSPORT || request->curl_code == 0)
		return false;
	if (l->count == l->capacity) {
		l->capacity = l->capacity > 0 ? l->capacity * 2 : 64;
		l->rows = xrealloc(l->rows, l->capacity * sizeof(*l->rows));
	}
	l->rows[l->count++] = (struct lost_row){ *request, phase, l->down ? l->deaths : 0 };
	return true;
}

void lost_death(struct lost *l, uint64_t end_ns)
{
	l->deaths++;
	l->down = true;
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].death == 0 && l->rows[i].request.finished_ns + LOST_WINDOW_NS >= end_ns)
			l->rows[i].death = l->deaths;
}

void lost_up(struct lost *l)
{
	l->down = false;
}

/* A connection that was refused never reached the server. */
void lost_note(struct lost *l, const struct load_request *request)
{
	size_t old = 0;
	if (request->end != END_TRANSPORT || request->curl_code == 0 || request->connected_ns == 0)
		return;
	while (old < l->broken_count && l->broken[old].finished_ns + LOST_WINDOW_NS < request->finished_ns)
		old++;
	l->broken_count -= old;
	if (old > 0)
		memmove(l->broken, l->broken + old, l->broken_count * sizeof(*l->broken));
	if (l->broken_count == l->broken_capacity) {
		l->broken_capacity = l->broken_capacity > 0 ? l->broken_capacity * 2 : 64;
		l->broken = xrealloc(l->broken, l->broken_capacity * sizeof(*l->broken));
	}
	uint64_t upload = request->kind == REQUEST_UPLOAD ? request->sent_bytes : 0;
	l->broken[l->broken_count++] = (struct lost_broken){ request->finished_ns, upload };
}

void lost_under_way(const struct lost *l, uint64_t end_ns, uint64_t *count, uint64_t *upload_bytes)
{
	for (size_t i = 0; i < l->broken_count; i++)
		if (l->broken[i].finished_ns + LOST_WINDOW_NS >= end_ns) {
			*count += 1;
			*upload_bytes += l->broken[i].upload_bytes;
		}
}

void lost_look(struct lost *l, const struct load_request *request)
{
	if (request->found == FOUND_NOT_LOOKED || request->found == FOUND_UNREAD)
		return;
	bool torn = request->found == FOUND_HALF && request->end == END_TRANSPORT && request->acknowledged;
	l->torn_ns = torn ? request->finished_ns : 0;
}

bool lost_torn(const struct lost *l, uint64_t end_ns)
{
	return l->torn_ns != 0 && l->torn_ns + LOST_WINDOW_NS >= end_ns;
}

void lost_release(struct lost *l, uint64_t now_ns, bool all, void (*fn)(void *arg, const struct lost_row *row),
		  void *arg)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct lost_row *row = &l->rows[i];
		if (all || row->death != 0 || row->request.finished_ns + LOST_WINDOW_NS < now_ns)
			fn(arg, row);
		else
			l->rows[kept++] = *row;
	}
	l->count = kept;
}

void lost_free(struct lost *l)
{
	free(l->rows);
	free(l->broken);
	memset(l, 0, sizeof(*l));
}
