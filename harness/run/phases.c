/* The table of the phases, and what is the same in many of them. */
#include "run/phases.h"

#include <stdio.h>

#include "base/clock.h"
#include "run/findings.h"
#include "run/life.h"

#define READ_BACK (1u << CRASH_READ_BACK)
#define RESTART (1u << CRASH_RESTART)

#define CUT_DEADLINE_NS (30 * NS_PER_S)
/* A connection breaks before the end is seen: 1.2 to 2.2 s on a busy machine. */
#define DOUBT_NS (5 * NS_PER_S)

const struct phase phase_rows[PHASES] = {
	[PHASE_START] = { .name = "start",
			  .enter = phase_start_enter,
			  .on_event = phase_start_event,
			  .deadline_ns = phase_readiness_deadline_ns },
	[PHASE_PREPARE] = { .name = "prepare",
			    .enter = phase_prepare_enter,
			    .on_event = phase_prepare_event,
			    .deadline_ns = phase_scenario_deadline_ns,
			    .afterlife = READ_BACK },
	[PHASE_WARM_UP] = { .name = "warm-up",
			    .skip = phase_warm_up_skip,
			    .on_event = phase_warm_up_event,
			    .deadline_ns = phase_warm_up_deadline_ns },
	[PHASE_COLLECT_FIRST] = { .name = "collect",
				  .skip = phase_collect_skip,
				  .enter = phase_collect_enter,
				  .on_event = phase_collect_event,
				  .deadline_ns = phase_collect_deadline_ns,
				  .afterlife = READ_BACK },
	[PHASE_BASELINE] = { .name = "baseline",
			     .enter = phase_baseline_enter,
			     .on_event = phase_idle_event,
			     .deadline_ns = phase_baseline_deadline_ns,
			     .afterlife = READ_BACK },
	[PHASE_LOAD] = { .name = "load",
			 .enter = phase_load_enter,
			 .on_event = phase_load_event,
			 .deadline_ns = phase_load_deadline_ns,
			 .afterlife = READ_BACK | RESTART },
	[PHASE_SETTLE] = { .name = "settle",
			   .enter = phase_settle_enter,
			   .on_event = phase_idle_event,
			   .deadline_ns = phase_settle_deadline_ns,
			   .afterlife = READ_BACK },
	[PHASE_COLLECT_ROUND] = { .name = "collect",
				  .skip = phase_collect_skip,
				  .enter = phase_collect_enter,
				  .on_event = phase_collect_event,
				  .deadline_ns = phase_collect_deadline_ns,
				  .afterlife = READ_BACK },
	[PHASE_READ_BACK] = { .name = "read-back",
			      .enter = phase_read_back_enter,
			      .on_event = phase_read_back_event,
			      .deadline_ns = phase_scenario_deadline_ns,
			      .afterlife = READ_BACK },
	[PHASE_SETTLE_LAST] = { .part_of = PHASE_SETTLE,
				.skip = phase_settle_last_skip,
				.on_event = phase_idle_event,
				.deadline_ns = phase_settle_deadline_ns,
				.afterlife = READ_BACK },
	[PHASE_COLLECT_LAST] = { .part_of = PHASE_COLLECT_ROUND,
				 .skip = phase_collect_skip,
				 .enter = phase_collect_enter,
				 .on_event = phase_collect_event,
				 .deadline_ns = phase_collect_deadline_ns,
				 .afterlife = READ_BACK },
	[PHASE_SQUEEZE] = { .name = "squeeze",
			    .enter = phase_squeeze_enter,
			    .on_event = phase_squeeze_event,
			    .deadline_ns = phase_scenario_deadline_ns },

	[PHASE_WARM_UP_ROUND] = { .part_of = PHASE_WARM_UP,
				  .enter = phase_warm_up_round_enter,
				  .on_event = phase_warm_up_round_event,
				  .deadline_ns = phase_warm_up_round_deadline_ns },
	[PHASE_WARM_UP_CUT] = { .part_of = PHASE_WARM_UP,
				.enter = phase_warm_up_cut_enter,
				.on_event = phase_warm_up_cut_event,
				.deadline_ns = phase_cut_deadline_ns },
	[PHASE_PREPARE_DOUBT] = { .part_of = PHASE_PREPARE,
				  .on_event = phase_prepare_doubt_event,
				  .deadline_ns = phase_doubt_deadline_ns,
				  .afterlife = READ_BACK },

	[PHASE_LOAD_DOWN] = { .part_of = PHASE_LOAD,
			      .enter = phase_load_down_enter,
			      .on_event = phase_load_down_event,
			      .deadline_ns = phase_kernel_log_deadline_ns },
	[PHASE_LOAD_AGAIN] = { .part_of = PHASE_LOAD,
			       .enter = phase_load_again_enter,
			       .on_event = phase_load_event,
			       .deadline_ns = phase_load_deadline_ns },
	[PHASE_LOAD_ON] = { .part_of = PHASE_LOAD,
			    .on_event = phase_load_event,
			    .deadline_ns = phase_load_deadline_ns },
	[PHASE_LOAD_CUT] = { .part_of = PHASE_LOAD,
			     .enter = phase_load_cut_enter,
			     .on_event = phase_load_event,
			     .deadline_ns = phase_cut_deadline_ns,
			     .afterlife = READ_BACK | RESTART },
	[PHASE_LOAD_DOUBT] = { .part_of = PHASE_LOAD,
			       .enter = phase_load_doubt_enter,
			       .on_event = phase_load_doubt_event,
			       .deadline_ns = phase_doubt_deadline_ns,
			       .afterlife = READ_BACK | RESTART },

	[PHASE_AFTERMATH] = { .name = "aftermath",
			      .enter = phase_aftermath_enter,
			      .on_event = phase_aftermath_event,
			      .deadline_ns = phase_cut_deadline_ns },
	[PHASE_AFTERMATH_DOWN] = { .part_of = PHASE_AFTERMATH,
				   .enter = phase_aftermath_down_enter,
				   .on_event = phase_aftermath_down_event,
				   .deadline_ns = phase_kernel_log_deadline_ns },
	[PHASE_AFTERMATH_AGAIN] = { .part_of = PHASE_AFTERMATH,
				    .enter = phase_aftermath_again_enter,
				    .on_event = phase_aftermath_again_event,
				    .deadline_ns = phase_readiness_deadline_ns },
	[PHASE_AFTERMATH_READ] = { .part_of = PHASE_AFTERMATH,
				   .enter = phase_aftermath_read_enter,
				   .on_event = phase_aftermath_read_event,
				   .deadline_ns = phase_scenario_deadline_ns },
	[PHASE_AFTERMATH_DOUBT] = { .part_of = PHASE_AFTERMATH,
				    .on_event = phase_aftermath_doubt_event,
				    .deadline_ns = phase_aftermath_doubt_deadline_ns },

	[PHASE_STOP] = { .name = "stop",
			 .enter = phase_stop_enter,
			 .on_event = phase_stop_event,
			 .deadline_ns = phase_stop_deadline_ns },
	[PHASE_STOP_LOG] = { .part_of = PHASE_STOP,
			     .enter = phase_stop_log_enter,
			     .on_event = phase_stop_log_event,
			     .deadline_ns = phase_kernel_log_deadline_ns },
	[PHASE_DONE] = { .part_of = PHASE_STOP, .enter = phase_done_enter },
};

enum phase_id phase_span(enum phase_id id)
{
	return phase_rows[id].name != NULL ? id : phase_rows[id].part_of;
}

enum phase_id phase_next(const struct run *r)
{
	return r->schedule.now == PHASE_SQUEEZE ? PHASE_STOP : r->schedule.now + 1;
}

enum phase_id phase_fail(struct run *r, const struct error *err)
{
	run_note_fault(r, err);
	return PHASE_STOP;
}

/* ---- deaths ------------------------------------------------------------- */

static bool goes_on(struct run *r)
{
	char text[96];
	if (r->life.number > 1 || (phase_rows[r->schedule.now].afterlife & (1u << r->scenario->on_crash)) != 0)
		return true;
	snprintf(text, sizeof(text), "not started again, for it ended in the phase '%s'", r->schedule.name);
	life_say(r, text);
	return false;
}

static enum phase_id after_death_restart(struct run *r)
{
	if (r->facts.death_count > r->scenario->restarts) {
		r->facts.gave_up = fact_of(1);
		return PHASE_STOP;
	}
	/* While it was read: from the first object on.  With the load's last requests: nothing is left to go on with.
	 */
	bool over = phase_span(r->schedule.now) == PHASE_AFTERMATH || r->schedule.now == PHASE_LOAD_DOUBT;
	return over ? PHASE_AFTERMATH : PHASE_LOAD_DOWN;
}

static enum phase_id after_death_read_back(struct run *r)
{
	enum phase_id now = r->schedule.now;
	if (phase_span(now) != PHASE_AFTERMATH)
		return PHASE_AFTERMATH;
	life_say(r, now == PHASE_AFTERMATH_READ || now == PHASE_AFTERMATH_DOUBT
			    ? "the server ended again while it was read"
			    : "the server ended again before it was ready");
	return PHASE_STOP;
}

static enum phase_id after_death(struct run *r, const struct target_exit *exit)
{
	if (r->scenario->on_crash == CRASH_STOP || !goes_on(r))
		return PHASE_STOP;
	life_next(r, exit);
	return r->scenario->on_crash == CRASH_RESTART ? after_death_restart(r) : after_death_read_back(r);
}

/* ---- what is the same in many phases ------------------------------------ */

static enum phase_id overdue(struct run *r)
{
	struct error err = ERROR_INIT;
	error_set(&err, ERROR_SYSTEM, "the phase '%s' did not end in time", r->schedule.name);
	return phase_fail(r, &err);
}

enum phase_id phase_default(struct run *r, const struct event *event)
{
	switch (event->kind) {
	case EVENT_DEADLINE:
		return overdue(r);
	case EVENT_CANCEL:
	case EVENT_FAILED:
		return PHASE_STOP;
	case EVENT_EXITED:
		return after_death(r, event->exit);
	default:
		return PHASE_STAY;
	}
}

static enum phase_id started(struct run *r, int rc, const struct error *err)
{
	r->books.running = rc == 0;
	return rc == 0 ? PHASE_STAY : phase_fail(r, err);
}

enum phase_id phase_start_load(struct run *r, const struct load_group *groups, size_t count)
{
	struct error err = ERROR_INIT;
	return started(r, load_start(r->load, groups, count, &err), &err);
}

enum phase_id phase_start_read_back(struct run *r, enum read_back_scope scope)
{
	struct error err = ERROR_INIT;
	return started(r, load_start_read_back(r->load, scope, &err), &err);
}

enum phase_id phase_await_kernel_log(struct run *r, enum phase_id then)
{
	return findings_kernel_log_late(r) ? PHASE_STAY : then;
}

void phase_close_books(struct run *r)
{
	if (r->books.began_ns == 0 || r->books.over)
		return;
	load_totals(r->load, &r->books.after);
	r->books.over = true;
	r->facts.load_ns = fact_of(run_elapsed_ns(r) - r->books.began_ns);
}

uint64_t phase_scenario_deadline_ns(const struct run *r)
{
	return r->scenario->deadline_ns;
}

/* The target has deadlines of its own, one to become the server and one to be ready and logged in, which come first. */
uint64_t phase_readiness_deadline_ns(const struct run *r)
{
	return 3 * r->scenario->server.ready_timeout_ns + CUT_DEADLINE_NS;
}

uint64_t phase_kernel_log_deadline_ns(const struct run *r)
{
	(void)r;
	return FINDINGS_LOG_WAIT_NS;
}

uint64_t phase_cut_deadline_ns(const struct run *r)
{
	(void)r;
	return CUT_DEADLINE_NS;
}

uint64_t phase_doubt_deadline_ns(const struct run *r)
{
	(void)r;
	return DOUBT_NS;
}
