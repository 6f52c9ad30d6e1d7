/* baseline and settle: the server is left alone before the load, after it, and after a read-back. */
#include "run/checks.h"
#include "run/phases.h"

enum phase_id phase_baseline_enter(struct run *r)
{
	checks_runtime(r);
	gather_phase(&r->gather, GATHER_BASELINE);
	return PHASE_STAY;
}

/* What a round did, beside what gather saw of its memory. */
static void note_round(struct run *r)
{
	struct facts_round *round = r->gather.round;
	const struct load_totals *from = &r->books.round, *to = &r->books.after;
	if (round == NULL)
		return;
	round->clients = fact_of(rounds_clients(rounds_groups(&r->rounds, r->scenario, r->rounds.now)));
	round->requests = fact_of(to->ok - from->ok);
	round->ended = fact_of(to->ok + to->failed + to->cut - from->ok - from->failed - from->cut);
	round->bytes = fact_of(to->sent_bytes - from->sent_bytes + to->received_bytes - from->received_bytes);
}

enum phase_id phase_settle_enter(struct run *r)
{
	gather_phase(&r->gather, GATHER_SETTLE);
	phase_close_books(r);
	note_round(r);
	gather_points(&r->gather);
	checks_membership(r);
	return r->life.up && !checks_port(r) ? PHASE_STOP : PHASE_STAY;
}

enum phase_id phase_idle_event(struct run *r, const struct event *event)
{
	return event->kind == EVENT_DEADLINE ? phase_next(r) : phase_default(r, event);
}

uint64_t phase_baseline_deadline_ns(const struct run *r)
{
	return r->scenario->baseline_ns;
}

uint64_t phase_settle_deadline_ns(const struct run *r)
{
	return r->scenario->settle_ns;
}
