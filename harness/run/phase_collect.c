/* collect: the server is asked to collect its garbage, where the scenario says how. */
#include <stdio.h>

#include "base/clock.h"
#include "run/phases.h"

/* From the answer until memory was looked at: ten samples, and time for pages that go back by another thread. */
#define COLLECTED_NS (100 * NS_PER_MS)
/* Beyond the request's own deadline. */
#define PATIENCE_NS (10 * NS_PER_S)

static bool is_asked(const struct run *r)
{
	if (r->schedule.now == PHASE_COLLECT_LAST)
		return false; /* it was asked after the load, before the rig's own reading left garbage */
	return r->scenario->server.collect.path != NULL;
}

/* On, or back to the load for the next round. */
static enum phase_id on_collected(struct run *r)
{
	r->collected = false;
	if (r->schedule.now != PHASE_COLLECT_ROUND || fact_known(r->facts.load_deadline_hit))
		return phase_next(r);
	return ++r->rounds.now < r->scenario->rounds ? PHASE_LOAD : phase_next(r);
}

static enum phase_id on_refused(struct run *r, const struct error *err)
{
	struct error fault = *err;
	error_prefix(&fault, "the server could not be asked to collect its garbage");
	snprintf(r->facts.collect_error, sizeof(r->facts.collect_error), "%s", fault.message);
	if (r->schedule.now == PHASE_COLLECT_FIRST)
		return phase_fail(r, &fault); /* before a load whose end would say no more */
	return on_collected(r);
}

enum phase_id phase_collect_skip(struct run *r)
{
	return is_asked(r) ? PHASE_STAY : on_collected(r);
}

enum phase_id phase_collect_enter(struct run *r)
{
	struct error err = ERROR_INIT;
	if (r->collected)
		return PHASE_STAY; /* memory is looked at */
	gather_phase(&r->gather, r->schedule.now == PHASE_COLLECT_FIRST ? GATHER_BEFORE : GATHER_COLLECT);
	return target_collect(r->target, &err) == 0 ? PHASE_STAY : on_refused(r, &err);
}

static enum phase_id on_deadline(struct run *r)
{
	struct error err = ERROR_INIT;
	if (r->collected)
		return on_collected(r);
	error_set(&err, ERROR_TARGET, "no answer came");
	return on_refused(r, &err);
}

enum phase_id phase_collect_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_DEADLINE)
		return on_deadline(r);
	if (event->kind != EVENT_COLLECTED || r->collected)
		return phase_default(r, event);
	if (event->err != NULL)
		return on_refused(r, event->err);
	r->collected = true;
	return r->schedule.now;
}

uint64_t phase_collect_deadline_ns(const struct run *r)
{
	return r->collected ? COLLECTED_NS : r->scenario->server.collect_deadline_ns + PATIENCE_NS;
}
