#include "run/request_rows.h"

#include <stdio.h>

#include "run/checks.h"
#include "run/objects_found.h"
#include "record/requests.h"

static void write_row(struct run *r, const struct broken_row *row)
{
	struct buf *line = &r->books.row;
	buf_clear(line);
	request_csv_row(&row->request, row->phase, row->death, r->clocks.origin_ns, line);
	buf_addc(line, '\n');
	fwrite(line->data, 1, line->len, r->store.requests);
}

static void write_held(void *arg, const struct broken_row *row)
{
	struct run *r = arg;
	if (row->death > 0 && row->death <= r->facts.death_count)
		r->facts.deaths[row->death - 1].lost.value++;
	write_row(r, row);
}

void request_rows_write_held(struct run *r, bool all)
{
	broken_release(&r->books.broken, clock_ns(), all, write_held, r);
}

static bool is_held(struct run *r, const struct load_request *request)
{
	bool loading = r->books.began_ns != 0 && !r->books.over;
	return r->scenario->on_crash == CRASH_RESTART && loading && !r->schedule.stopping &&
	       broken_hold(&r->books.broken, request, r->schedule.name);
}

static void note_first(struct run *r, const struct load_request *request)
{
	struct facts *f = &r->facts;
	bool failed = request->end == END_STATUS || request->end == END_TRANSPORT;
	if (failed && f->first_failure[0] == '\0')
		snprintf(f->first_failure, sizeof(f->first_failure), "%s (group '%s', status %ld)", request->error,
			 request->group, request->status);
	if (request->verify == VERIFY_CORRUPT && f->first_corrupt[0] == '\0')
		snprintf(f->first_corrupt, sizeof(f->first_corrupt), "%s (group '%s')", request->error, request->group);
}

void request_rows_note(struct run *r, const struct load_request *request)
{
	bool looked = request->found != FOUND_NOT_LOOKED;
	broken_note(&r->books.broken, request);
	checks_work(r);
	/* What is still under way of a reading that is being cut says nothing of the next life. */
	if (r->schedule.now == PHASE_AFTERMATH_READ && looked)
		objects_found_note(r, request);
	if (!is_held(r, request))
		write_row(r, &(struct broken_row){ *request, r->schedule.name, 0 });
	if (r->life.number > 1 && looked) /* a reading after a death is counted by itself */
		return;
	broken_look(&r->books.broken, request);
	note_first(r, request);
}
