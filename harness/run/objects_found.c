#include "run/objects_found.h"

#include <stdio.h>
#include <string.h>

#define NAMED_MAX 3 /* objects that were not intact */

static bool names_are_ours(const struct run *r)
{
	const struct upload_spec *upload = &r->scenario->server.upload;
	return upload->id_json == NULL && upload->id_header == NULL;
}

void objects_found_expect(struct run *r)
{
	struct facts *f = &r->facts;
	bool all = r->scenario->on_crash == CRASH_READ_BACK;
	uint64_t acknowledged, unanswered;
	if (!fact_known(f->aftermath_acknowledged))
		load_totals(r->load, &r->found.before);
	load_objects(r->load, all ? READ_BACK_ALL : READ_BACK_ASKED, &acknowledged, &unanswered);
	if (!all && acknowledged == 0)
		return;
	f->aftermath_acknowledged = fact_of(acknowledged);
	f->aftermath_intact = f->aftermath_lost = f->aftermath_corrupt = f->aftermath_half_visible = fact_of(0);
	f->aftermath_unread = fact_of(acknowledged);
	f->aftermath_first[0] = '\0'; /* of a reading that a death cut short */
	if (!all || !names_are_ours(r))
		return;
	f->unanswered_absent = f->unanswered_whole = f->unanswered_corrupt = f->unanswered_half_visible = fact_of(0);
	f->unanswered_unread = fact_of(unanswered);
}

static void name_object(struct run *r, const struct load_request *request)
{
	struct facts *f = &r->facts;
	uint64_t before = f->aftermath_lost.value + f->aftermath_corrupt.value + f->aftermath_half_visible.value;
	size_t used = strlen(f->aftermath_first);
	if (before <= NAMED_MAX)
		snprintf(f->aftermath_first + used, sizeof(f->aftermath_first) - used, "%s%s: %s", used > 0 ? "; " : "",
			 object_found_names[request->found], request->error);
	if (f->first_corrupt[0] == '\0')
		snprintf(f->first_corrupt, sizeof(f->first_corrupt), "%s", request->error);
}

static void count_found(struct run *r, const struct load_request *request)
{
	struct facts *f = &r->facts;
	struct fact *const acknowledged[] = { [FOUND_INTACT] = &f->aftermath_intact,
					      [FOUND_LOST] = &f->aftermath_lost,
					      [FOUND_CORRUPT] = &f->aftermath_corrupt,
					      [FOUND_HALF] = &f->aftermath_half_visible,
					      [FOUND_UNREAD] = NULL };
	struct fact *const unanswered[] = { [FOUND_INTACT] = &f->unanswered_whole,
					    [FOUND_LOST] = &f->unanswered_absent,
					    [FOUND_CORRUPT] = &f->unanswered_corrupt,
					    [FOUND_HALF] = &f->unanswered_half_visible,
					    [FOUND_UNREAD] = NULL };
	struct fact *counted = (request->acknowledged ? acknowledged : unanswered)[request->found];
	if (counted == NULL)
		return;
	counted->value++;
	(request->acknowledged ? &f->aftermath_unread : &f->unanswered_unread)->value--;
	if (request->acknowledged && request->found != FOUND_INTACT)
		name_object(r, request);
}

static void settle_broken(struct run *r)
{
	if (r->found.has_broken)
		count_found(r, &r->found.broken);
	r->found.has_broken = false;
}

void objects_found_note(struct run *r, const struct load_request *request)
{
	if (request->found == FOUND_HALF && request->end == END_TRANSPORT) {
		settle_broken(r);
		r->found.broken = *request;
		r->found.has_broken = true;
		return;
	}
	if (request->found != FOUND_UNREAD)
		settle_broken(r); /* it lives */
	count_found(r, request);
}

void objects_found_death(struct run *r)
{
	r->found.has_broken = false;
}

void objects_found_end(struct run *r)
{
	settle_broken(r);
}
