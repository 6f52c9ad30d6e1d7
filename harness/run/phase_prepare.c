/* prepare: the objects that downloads and seeks read are uploaded, group after group. */
#include "run/phases.h"

enum phase_id phase_prepare_enter(struct run *r)
{
	const struct group_list *prepare = &r->scenario->prepare;
	if (r->books.prepared == prepare->count)
		return phase_next(r);
	return phase_start_load(r, &prepare->items[r->books.prepared++], 1);
}

static enum phase_id on_group_done(struct run *r)
{
	struct load_totals now;
	load_totals(r->load, &now);
	return now.failed == 0 ? PHASE_PREPARE /* the next group, or on */ : PHASE_PREPARE_DOUBT;
}

/* The server's end comes first: then it is judged by that, and not by what broke of it. */
enum phase_id phase_prepare_doubt_event(struct run *r, const struct event *event)
{
	struct error err = ERROR_INIT;
	if (event->kind != EVENT_DEADLINE)
		return phase_default(r, event);
	error_set(&err, ERROR_TARGET, "the load could not be prepared: %s", r->facts.first_failure);
	return phase_fail(r, &err);
}

enum phase_id phase_prepare_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_LOAD_ENDED)
		return on_group_done(r);
	if (event->kind != EVENT_DEADLINE)
		return phase_default(r, event);
	r->facts.load_deadline_hit = fact_of(1);
	return PHASE_STOP;
}
