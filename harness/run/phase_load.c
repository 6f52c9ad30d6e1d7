/* load: the scenario's groups, one round of them; through several lives of the server with on_crash: restart. */
#include "base/clock.h"
#include "run/checks.h"
#include "run/life.h"
#include "run/phases.h"
#include "run/run_json.h"

static void begin_first_round(struct run *r)
{
	struct error err = ERROR_INIT;
	struct isolation_final now;
	if (r->isolation->backend->final(r->isolation, &now, &err) == 0)
		r->facts.baseline_watermark_bytes = now.peak_usage_bytes;
	r->books.before = r->books.round;
	r->books.began_ns = run_elapsed_ns(r);
}

enum phase_id phase_load_enter(struct run *r)
{
	const struct group_list *groups = rounds_groups(&r->rounds, r->scenario, r->rounds.now);
	load_totals(r->load, &r->books.round);
	if (r->rounds.now == 0)
		begin_first_round(r);
	if (r->scenario->rounds > 1)
		gather_round(&r->gather);
	gather_phase(&r->gather, GATHER_LOAD);
	r->books.over = false;
	r->books.until_ns = clock_ns() + r->scenario->deadline_ns;
	if (r->life.up && !checks_port(r))
		return PHASE_STOP;
	checks_work(r);
	return phase_start_load(r, groups->items, groups->count);
}

/* The same for all lives of the server. */
uint64_t phase_load_deadline_ns(const struct run *r)
{
	uint64_t now = clock_ns();
	return r->books.until_ns > now ? r->books.until_ns - now : 0;
}

/* A death in the first life has to be known before the phase is left: one in the next is no death under load. */
static enum phase_id after_load(const struct run *r)
{
	if (r->life.number > 1)
		return PHASE_AFTERMATH;
	bool broke = broken_lately(&r->books.broken, clock_ns());
	return broke && r->scenario->on_crash == CRASH_RESTART ? PHASE_LOAD_DOUBT : PHASE_SETTLE;
}

enum phase_id phase_load_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_LOAD_ENDED)
		return after_load(r);
	if (event->kind == EVENT_READY && r->schedule.now == PHASE_LOAD_AGAIN)
		return PHASE_LOAD_ON;
	if (event->kind != EVENT_DEADLINE || r->schedule.now == PHASE_LOAD_CUT)
		return phase_default(r, event);
	/* What was done still counts for growth; the judge knows that it was cut. */
	r->facts.load_deadline_hit = fact_of(1);
	return PHASE_LOAD_CUT;
}

enum phase_id phase_load_cut_enter(struct run *r)
{
	load_stop(r->load);
	return PHASE_STAY;
}

/* ---- the last requests broke -------------------------------------------- */

enum phase_id phase_load_doubt_enter(struct run *r)
{
	phase_close_books(r);
	return PHASE_STAY;
}

enum phase_id phase_load_doubt_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_DEADLINE ? PHASE_SETTLE : phase_default(r, event); /* it lives */
}

/* ---- the server has died, and the load goes on -------------------------- */

enum phase_id phase_load_down_enter(struct run *r)
{
	return phase_await_kernel_log(r, PHASE_LOAD_AGAIN);
}

enum phase_id phase_load_down_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_LOAD_ENDED)
		return PHASE_AFTERMATH;
	return event->kind == EVENT_DEADLINE ? PHASE_LOAD_DOWN : phase_default(r, event);
}

enum phase_id phase_load_again_enter(struct run *r)
{
	struct error err = ERROR_INIT;
	if (life_start(r, &err) == 0)
		return run_json_write(r, true) == 0 ? PHASE_STAY : PHASE_STOP;
	life_say(r, err.message);
	return PHASE_STOP;
}
