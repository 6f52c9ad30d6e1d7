/* collect: the server is asked to collect its garbage, where the scenario says how. */
#include <stdio.h>

#include "base/clock.h"
#include "run/checks.h"
#include "run/phases.h"

/*
 * One collection only finds what is free: finalisers and buffers outside of the heap go with the next, which is asked
 * for once memory was looked at.  Then it is waited until the level stands still: pages go back by other threads.
 */
#define COLLECTIONS 2
/* From an answer until memory is looked at, and from look to look: ten samples. */
#define LOOK_NS (100 * NS_PER_MS)
#define LOOKS_MAX 20
/* Between two looks; the noise of a cap is four times that and more. */
#define STILL_BYTES (1ULL << 20)
/* Beyond the request's own deadline. */
#define ANSWER_LATE_NS (10 * NS_PER_S)

static bool is_asked(const struct run *r)
{
	if (r->schedule.now == PHASE_COLLECT_LAST)
		return false; /* it was asked after the load, before the rig's own reading left garbage */
	return r->scenario->server.collect.path != NULL;
}

/* On, or back to the load for the next round. */
static enum phase_id on_collected(struct run *r)
{
	r->collecting = (struct collecting){ .answered = 0 };
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
	if (r->collecting.looking)
		return PHASE_STAY;
	gather_phase(&r->gather, r->schedule.now == PHASE_COLLECT_FIRST ? GATHER_BEFORE : GATHER_COLLECT);
	return target_collect(r->target, &err) == 0 ? PHASE_STAY : on_refused(r, &err);
}

/* Twice in a row the same, or the last look: further.  The level of the one before is 0 at first. */
static bool stands_still(struct run *r)
{
	struct collecting *c = &r->collecting;
	struct fact now = gather_held(&r->gather);
	uint64_t before = c->level;
	c->level = now.value;
	return !fact_known(now) || ++c->looks == LOOKS_MAX ||
	       (c->looks > 1 && (now.value > before ? now.value - before : before - now.value) <= STILL_BYTES);
}

static enum phase_id on_look(struct run *r)
{
	checks_drain(r);
	if (r->collecting.answered == COLLECTIONS)
		return stands_still(r) ? on_collected(r) : r->schedule.now;
	r->collecting.looking = false;
	return r->schedule.now;
}

static enum phase_id on_deadline(struct run *r)
{
	struct error err = ERROR_INIT;
	if (r->collecting.looking)
		return on_look(r);
	error_set(&err, ERROR_TARGET, "no answer came");
	return on_refused(r, &err);
}

enum phase_id phase_collect_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_DEADLINE)
		return on_deadline(r);
	if (event->kind != EVENT_COLLECTED || r->collecting.looking)
		return phase_default(r, event);
	if (event->err != NULL)
		return on_refused(r, event->err);
	r->collecting.answered++;
	r->collecting.looking = true;
	return r->schedule.now;
}

uint64_t phase_collect_deadline_ns(const struct run *r)
{
	return r->collecting.looking ? LOOK_NS : r->scenario->server.collect_deadline_ns + ANSWER_LATE_NS;
}
