/* stop: what must be read before the rig's own signals, then the load is cut and the server ended; the verdict. */
#include "base/clock.h"
#include "base/units.h"
#include "run/checks.h"
#include "run/findings.h"
#include "run/life.h"
#include "run/phases.h"

/* A process that the kernel does not let go after SIGKILL, as one that waits for a disk, is waited for no longer. */
#define KILL_PATIENCE_NS (30 * NS_PER_S)

static enum phase_id when_all_has_ended(const struct run *r)
{
	return r->books.running || r->life.running ? PHASE_STAY : PHASE_STOP_LOG;
}

static void note_health(struct run *r)
{
	struct facts *f = r->life.facts;
	checks_membership(r);
	f->health_longest_silence_ns = target_longest_silence_ns(r->target);
	f->rig_longest_late_ns = target_longest_late_ns(r->target);
}

enum phase_id phase_stop_enter(struct run *r)
{
	struct facts *f = &r->facts;
	squeeze_give_up(&r->squeeze);
	checks_cap(r);
	findings_seal(r);
	if (r->life.running)
		note_health(r);
	if (r->books.began_ns != 0 && !fact_known(f->load_ns))
		f->load_ns = fact_of(run_elapsed_ns(r) - r->books.began_ns);
	if (r->books.running)
		load_stop(r->load);
	if (r->life.running)
		target_stop(r->target, !fact_known(f->interrupted));
	return when_all_has_ended(r);
}

uint64_t phase_stop_deadline_ns(const struct run *r)
{
	return r->scenario->server.stop_timeout_ns + KILL_PATIENCE_NS;
}

static enum phase_id on_deadline(struct run *r)
{
	struct error err = ERROR_INIT;
	char text[UNITS_TEXT_MAX];
	if (r->life.running)
		error_set(&err, ERROR_SYSTEM, "the server (process %d) has not ended %s after SIGKILL",
			  (int)target_pid(r->target), units_format_duration(KILL_PATIENCE_NS, text));
	else
		error_set(&err, ERROR_BUG, "the load has not ended although it was cut");
	run_note_fault(r, &err);
	return PHASE_STOP_LOG;
}

enum phase_id phase_stop_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_DEADLINE)
		return on_deadline(r);
	if (event->kind == EVENT_CANCEL && r->life.running)
		target_stop(r->target, false); /* it was given time, which is over */
	return when_all_has_ended(r);
}

enum phase_id phase_stop_log_enter(struct run *r)
{
	return phase_await_kernel_log(r, PHASE_DONE);
}

enum phase_id phase_stop_log_event(struct run *r, const struct event *event)
{
	(void)r;
	return event->kind == EVENT_DEADLINE ? PHASE_STOP_LOG : PHASE_STAY;
}

enum phase_id phase_done_enter(struct run *r)
{
	findings_end(r);
	life_sum_up(r);
	judge(&r->facts, &r->verdict);
	return PHASE_STAY;
}
