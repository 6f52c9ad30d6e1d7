/* aftermath: after a death the server is started again, and what it had acknowledged is read once more. */
#include "run/life.h"
#include "run/objects_found.h"
#include "run/phases.h"
#include "run/run_json.h"

static bool reads_all(const struct run *r)
{
	return r->scenario->on_crash == CRASH_READ_BACK;
}

enum phase_id phase_aftermath_enter(struct run *r)
{
	if (r->books.running) {
		load_stop(r->load);
		return PHASE_STAY;
	}
	phase_close_books(r);
	objects_found_expect(r);
	if (!fact_known(r->facts.aftermath_acknowledged))
		return PHASE_STOP; /* nothing is to be read */
	if (fact_known(r->life.ready_ns))
		return PHASE_AFTERMATH_READ;
	return r->life.running ? PHASE_AFTERMATH_AGAIN : PHASE_AFTERMATH_DOWN;
}

enum phase_id phase_aftermath_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_LOAD_ENDED ? PHASE_AFTERMATH : phase_default(r, event);
}

enum phase_id phase_aftermath_down_enter(struct run *r)
{
	return phase_await_kernel_log(r, PHASE_AFTERMATH_AGAIN);
}

enum phase_id phase_aftermath_down_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_DEADLINE ? PHASE_AFTERMATH_DOWN : phase_default(r, event);
}

static enum phase_id give_up(struct run *r, const char *why)
{
	life_say(r, why);
	return PHASE_STOP;
}

/* Where the load has ended meanwhile, it is on its way up. */
enum phase_id phase_aftermath_again_enter(struct run *r)
{
	struct error err = ERROR_INIT;
	if (r->life.running)
		return PHASE_STAY;
	if (life_start(r, &err) != 0)
		return give_up(r, err.message);
	return run_json_write(r, true) == 0 ? PHASE_STAY : PHASE_STOP;
}

enum phase_id phase_aftermath_again_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_READY ? PHASE_AFTERMATH_READ : phase_default(r, event);
}

enum phase_id phase_aftermath_read_enter(struct run *r)
{
	struct error err = ERROR_INIT;
	r->facts.aftermath_ready_ns = r->facts.deaths[r->facts.death_count - 1].down_ns;
	if (load_start_read_back(r->load, reads_all(r) ? READ_BACK_ALL : READ_BACK_ASKED, &err) != 0)
		return give_up(r, err.message);
	r->books.running = true;
	return PHASE_STAY;
}

enum phase_id phase_aftermath_read_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_LOAD_ENDED)
		return r->found.has_broken ? PHASE_AFTERMATH_DOUBT : PHASE_STOP;
	return event->kind == EVENT_DEADLINE ? give_up(r, "reading did not end in time") : phase_default(r, event);
}

enum phase_id phase_aftermath_doubt_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_DEADLINE ? PHASE_STOP : phase_default(r, event); /* it lives: the object is half */
}

/* Connections break some time before the rig sees the end. */
uint64_t phase_aftermath_doubt_deadline_ns(const struct run *r)
{
	(void)r;
	return BROKEN_WINDOW_NS;
}
