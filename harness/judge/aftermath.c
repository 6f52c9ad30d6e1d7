#include "judge/aftermath.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "judge/evidence.h"

bool aftermath_is_crash_loop(const struct facts *f)
{
	for (size_t i = 0; i < f->death_count; i++) {
		if (!fact_known(f->deaths[i].ready_ns))
			return true;
		if (i + 1 >= AFTERMATH_LOOP_DEATHS &&
		    f->deaths[i].end_ns.value - f->deaths[i + 1 - AFTERMATH_LOOP_DEATHS].end_ns.value <=
			    AFTERMATH_LOOP_NS)
			return true;
	}
	return false;
}

bool aftermath_unknown(const struct facts *f)
{
	return fact_set(f->aftermath_unread);
}

/* Seen outside, or it could not be seen. */
static bool outside(struct fact in_group)
{
	return in_group.state == FACT_UNREADABLE || (fact_known(in_group) && in_group.value == 0);
}

bool aftermath_uncapped(const struct facts *f)
{
	return outside(f->again_in_group) || fact_known(f->again_cap_bytes) || fact_known(f->again_cap_swap_bytes);
}

/* "killed 3 times, every 12.1 s; down 0.9 s in all, 412 requests lost" */
static void deaths_line(const struct facts *f, struct verdict *v)
{
	uint64_t kills = 0, lost = 0, down_ns = 0, died_unready = 0;
	char every[UNITS_TEXT_MAX + 16] = "", last[64] = "";

	for (size_t i = 0; i < f->death_count; i++) {
		const struct facts_death *d = &f->deaths[i];
		kills += fact_set(d->oom_kill);
		lost += d->lost.value;
		down_ns += d->down_ns.value;
		died_unready += !fact_known(d->ready_ns);
	}
	if (f->death_count > 1) {
		uint64_t span_ns = f->deaths[f->death_count - 1].end_ns.value - f->deaths[0].end_ns.value;
		snprintf(every, sizeof(every), ", every %s", TIME_TEXT(span_ns / (f->death_count - 1)));
	}
	if (!fact_known(f->deaths[f->death_count - 1].down_ns))
		snprintf(last, sizeof(last), " until it was ready, and not ready again after the last");
	if (kills == f->death_count)
		evidence_add(v, "killed %zu time%s%s; down %s in all%s, %" PRIu64 " requests lost", f->death_count,
			     f->death_count == 1 ? "" : "s", every, TIME_TEXT(down_ns), last, lost);
	else
		evidence_add(v,
			     "ended %zu time%s%s, %" PRIu64
			     " of them killed for lack of memory; down %s in all%s, %" PRIu64 " requests lost",
			     f->death_count, f->death_count == 1 ? "" : "s", every, kills, TIME_TEXT(down_ns), last,
			     lost);
	if (aftermath_is_crash_loop(f))
		evidence_add(v, "crash loop: %zu deaths within %s, %" PRIu64 " of them before it was ready",
			     f->death_count,
			     TIME_TEXT(f->deaths[f->death_count - 1].end_ns.value - f->deaths[0].end_ns.value),
			     died_unready);
	if (fact_set(f->gave_up))
		evidence_add(v, "given up after %zu restarts, as the scenario says: the load was cut",
			     f->death_count - 1);
}

static void objects_line(const struct facts *f, struct verdict *v)
{
	char ready[UNITS_TEXT_MAX + 32] = "not ready again";

	if (fact_known(f->aftermath_ready_ns))
		snprintf(ready, sizeof(ready), "ready again after %s", TIME_TEXT(f->aftermath_ready_ns.value));
	evidence_add(v,
		     "aftermath%s: of %" PRIu64 " acknowledged upload%s %" PRIu64 " intact, %" PRIu64 " lost, %" PRIu64
		     " corrupt, %" PRIu64 " half-visible, %" PRIu64 " not read; %s",
		     aftermath_unknown(f) ? " unknown" : "", f->aftermath_acknowledged.value,
		     f->aftermath_acknowledged.value == 1 ? "" : "s", f->aftermath_intact.value,
		     f->aftermath_lost.value, f->aftermath_corrupt.value, f->aftermath_half_visible.value,
		     f->aftermath_unread.value, ready);
	if (f->aftermath_first[0] != '\0')
		evidence_add(v, "aftermath, what was not intact: %s", f->aftermath_first);
	if (fact_known(f->unanswered_absent))
		evidence_add(v,
			     "aftermath: of the uploads that were never answered %" PRIu64 " absent, %" PRIu64
			     " whole, %" PRIu64 " half-visible, %" PRIu64 " corrupt, %" PRIu64 " not read",
			     f->unanswered_absent.value, f->unanswered_whole.value, f->unanswered_half_visible.value,
			     f->unanswered_corrupt.value, f->unanswered_unread.value);
}

static void cap_lines(const struct facts *f, struct verdict *v)
{
	if (outside(f->again_in_group))
		evidence_add(v,
			     "aftermath: a process of a later life %s its group: neither cap nor figures held for it",
			     fact_known(f->again_in_group) ? "ran outside" : "could not be looked for in");
	if (fact_known(f->again_cap_bytes) || fact_known(f->again_cap_swap_bytes))
		evidence_add(v, "aftermath: after the first death another limit was seen: %s of memory, %s with swap",
			     FACT_SIZE_TEXT(f->again_cap_bytes), FACT_SIZE_TEXT(f->again_cap_swap_bytes));
}

void aftermath_explain(const struct facts *f, struct verdict *v)
{
	/* A read-back alone has no requests to lose: its load was cut at the first death. */
	if (f->death_count > 0 && fact_known(f->deaths[0].lost))
		deaths_line(f, v);
	if (fact_known(f->aftermath_acknowledged))
		objects_line(f, v);
	cap_lines(f, v);
	if (f->aftermath_error[0] != '\0')
		evidence_add(v, "aftermath: %s", f->aftermath_error);
}
