/* start: the server is spawned and becomes ready, with its log-in. */
#include "run/life.h"
#include "run/phases.h"
#include "run/run_json.h"

enum phase_id phase_start_enter(struct run *r)
{
	struct error err = ERROR_INIT;
	if (life_start(r, &err) != 0)
		return phase_fail(r, &err);
	return run_json_write(r, true) == 0 ? PHASE_STAY : PHASE_STOP;
}

enum phase_id phase_start_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_READY ? phase_next(r) : phase_default(r, event);
}
