/* read-back: what was acknowledged to groups with read_back is read once more and compared. */
#include "run/phases.h"

static bool is_asked(const struct scenario *s)
{
	for (size_t i = 0; i < s->load.count; i++)
		if (s->load.items[i].read_back)
			return true;
	return false;
}

enum phase_id phase_read_back_enter(struct run *r)
{
	struct isolation_final now;
	gather_phase(&r->gather, GATHER_AFTER);
	if (r->isolation->backend->final(r->isolation, &now, NULL) == 0)
		r->facts.peak_usage_bytes = now.peak_usage_bytes; /* before the rig's own reading */
	r->gather.round = NULL;
	return is_asked(r->scenario) ? phase_start_read_back(r, READ_BACK_ASKED) : phase_next(r);
}

/* Memory of the reading itself has as long to go as that of the load had. */
enum phase_id phase_settle_last_skip(struct run *r)
{
	return is_asked(r->scenario) ? PHASE_STAY : phase_next(r);
}

enum phase_id phase_read_back_event(struct run *r, const struct event *event)
{
	if (event->kind == EVENT_LOAD_ENDED)
		return phase_next(r);
	if (event->kind != EVENT_DEADLINE)
		return phase_default(r, event);
	r->facts.load_deadline_hit = fact_of(1);
	return PHASE_STOP;
}
