/* warm-up: rounds of a small load, until what the server takes once has been taken. */
#include "base/clock.h"
#include "run/phases.h"

#define REST_NS (300 * NS_PER_MS) /* thirty samples, and time for what a round took to go */
#define ROUND_NS (30 * NS_PER_S)  /* a round that takes longer is cut, and was the last */

enum phase_id phase_warm_up_skip(struct run *r)
{
	return warming_is_asked(r->scenario) ? PHASE_STAY : phase_next(r);
}

/* Memory has had its rest: is another round needed? */
enum phase_id phase_warm_up_event(struct run *r, const struct event *event)
{
	if (event->kind != EVENT_DEADLINE)
		return phase_default(r, event);
	return warming_note(&r->warming, gather_held(&r->gather), &r->facts) ? PHASE_WARM_UP_ROUND
									     : PHASE_COLLECT_FIRST;
}

uint64_t phase_warm_up_deadline_ns(const struct run *r)
{
	(void)r;
	return REST_NS;
}

enum phase_id phase_warm_up_round_enter(struct run *r)
{
	const struct group_list *groups = warming_groups(&r->warming, r->scenario);
	return phase_start_load(r, groups->items, groups->count);
}

enum phase_id phase_warm_up_round_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_LOAD_ENDED)
		return PHASE_WARM_UP;
	return event->kind == EVENT_DEADLINE ? PHASE_WARM_UP_CUT : phase_default(r, event);
}

uint64_t phase_warm_up_round_deadline_ns(const struct run *r)
{
	return r->scenario->deadline_ns < ROUND_NS ? r->scenario->deadline_ns : ROUND_NS;
}

enum phase_id phase_warm_up_cut_enter(struct run *r)
{
	warming_give_up(&r->warming, &r->facts);
	load_stop(r->load);
	return PHASE_STAY;
}

enum phase_id phase_warm_up_cut_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_LOAD_ENDED ? PHASE_COLLECT_FIRST : phase_default(r, event);
}
