#include "judge/rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "judge/evidence.h"

/*
 * A peak that is given back within this time could hide between two samples.
 * The crash of the case study takes 0.2 to 0.5 s, an upload of 618 MB seconds.
 */
#define SAMPLE_GAP_LIMIT_NS NS_PER_S

/* The clocks are read one after the other: more than that is no delay between two reads. */
#define SLEPT_LIMIT_NS (100 * NS_PER_MS)

bool rule_interrupted(const struct facts *f, struct verdict *v)
{
	return fact_set(f->interrupted) &&
	       evidence_decide(v, OUTCOME_INTERRUPTED, NULL,
			       "the run was stopped by the user; nothing is said of the server");
}

bool rule_skipped(const struct facts *f, struct verdict *v)
{
	return f->skip_reason[0] != '\0' && evidence_decide(v, OUTCOME_SKIPPED, NULL, "skipped: %s", f->skip_reason);
}

/*
 * A death is a death whatever the rig was doing: what it cannot do any more with
 * a server that died is no failure of its own.  The counter is read before the
 * rig's first signal, and the end is set beside it.
 */
static bool server_died_first(const struct facts *f)
{
	if (!fact_set(f->server_started) || !fact_set(f->rig_error_by_server))
		return false;
	if (fact_set(f->oom_kill))
		return true;
	return fact_known(f->server_end_ns) && (fact_set(f->server_signal) || fact_known(f->server_exit_code)) &&
	       (f->our_signal.state == FACT_ABSENT ||
		(fact_known(f->our_signal_ns) && f->our_signal_ns.value > f->server_end_ns.value));
}

bool rule_rig(const struct facts *f, struct verdict *v)
{
	return f->rig_error[0] != '\0' && !server_died_first(f) &&
	       evidence_decide(v, OUTCOME_INVALID, "rig", "the rig failed: %s", f->rig_error);
}

static bool swap_limit_wrong(const struct facts *f, uint64_t page, struct verdict *v)
{
	uint64_t swap = f->swap_asked_bytes.value; /* 0 unless known */
	uint64_t wanted = f->cap_asked_bytes.value + swap;
	struct fact got = f->cap_swap_in_force_bytes;
	bool host_has_none = fact_known(f->host_swap_bytes) && f->host_swap_bytes.value == 0;

	if (swap > 0 && host_has_none)
		return evidence_decide(v, OUTCOME_INVALID, "cap", "%s of swap was asked for, but the host has none",
				       SIZE_TEXT(swap));
	if (!fact_known(got)) {
		if (host_has_none)
			return false;
		return evidence_decide(
			v, OUTCOME_INVALID, "cap",
			"the limit of memory and swap is %s and the host may swap: the cap can be exceeded",
			FACT_SIZE_TEXT(got));
	}
	/* Memory and swap are rounded down to pages one by one. */
	if (got.value <= wanted && wanted - got.value < 2 * page)
		return false;
	return evidence_decide(v, OUTCOME_INVALID, "cap", "the limit of memory and swap is %s instead of %s",
			       SIZE_TEXT(got.value), SIZE_TEXT(wanted));
}

static bool high_or_group_wrong(const struct facts *f, uint64_t page, struct verdict *v)
{
	struct fact asked = f->high_asked_bytes, got = f->high_in_force_bytes;

	if (fact_set(asked) && (!fact_known(got) || got.value != asked.value / page * page))
		return evidence_decide(v, OUTCOME_INVALID, "cap",
				       "memory.high of %s was asked for; what is in force is %s",
				       SIZE_TEXT(asked.value), FACT_SIZE_TEXT(got));
	return fact_set(f->oom_group_asked) && !fact_set(f->oom_group) &&
	       evidence_decide(v, OUTCOME_INVALID, "cap", "memory.oom.group was asked for and is not in force");
}

bool rule_cap(const struct facts *f, struct verdict *v)
{
	uint64_t page = fact_set(f->page_bytes) ? f->page_bytes.value : 4096;
	struct fact asked = f->cap_asked_bytes, got = f->cap_in_force_bytes;

	if (high_or_group_wrong(f, page, v))
		return true;
	if (asked.state == FACT_ABSENT)
		return false;
	if (!fact_known(asked) || !fact_known(got))
		return evidence_decide(v, OUTCOME_INVALID, "cap", "a cap of %s was asked for; what is in force is %s",
				       FACT_SIZE_TEXT(asked), FACT_SIZE_TEXT(got));
	if (got.value > asked.value || asked.value - got.value >= page)
		return evidence_decide(v, OUTCOME_INVALID, "cap",
				       "a cap of %s was asked for, but %s was in force (%" PRIu64 " instead of %" PRIu64
				       " bytes)",
				       SIZE_TEXT(asked.value), SIZE_TEXT(got.value), got.value, asked.value);
	return swap_limit_wrong(f, page, v);
}

bool rule_group(const struct facts *f, struct verdict *v)
{
	struct fact inside = f->server_in_group;

	if (fact_known(inside) && inside.value == 0)
		return evidence_decide(v, OUTCOME_INVALID, "group",
				       "a process of the server ran outside its group, or in one that it made below: "
				       "cap or figures did "
				       "not hold for it");
	/* The counter counts kills inside the group only: a server that died before it could be looked at was inside.
	 */
	if (fact_known(inside) || fact_set(f->oom_kill))
		return false;
	if (inside.state == FACT_ABSENT && f->cap_asked_bytes.state == FACT_ABSENT)
		return false;
	return evidence_decide(v, OUTCOME_INVALID, "group",
			       "that the server ran inside its group could not be checked (%s)",
			       inside.state == FACT_ABSENT ? "absent" : "unreadable");
}

bool rule_port(const struct facts *f, struct verdict *v)
{
	bool foreign = fact_known(f->port_in_group) && f->port_in_group.value == 0;

	return (foreign || fact_set(f->port_unseen)) &&
	       evidence_decide(v, OUTCOME_INVALID, "start", "the load does not reach the server under test: %s",
			       f->port_stranger);
}

/* How a server ended or hung was seen of the server itself; what did not grow may be another one's. */
bool rule_port_known(const struct facts *f, struct verdict *v)
{
	return f->port_in_group.state == FACT_UNREADABLE &&
	       evidence_decide(v, OUTCOME_INVALID, "start",
			       "whether the load reaches the server under test cannot be told: %s", f->port_stranger);
}

bool rule_load(const struct facts *f, struct verdict *v)
{
	uint64_t ended = f->requests_ok.value + f->requests_failed.value + f->requests_cut.value;

	if (!fact_known(f->requests_started) || !fact_known(f->requests_ok) || !fact_known(f->requests_failed) ||
	    !fact_known(f->requests_cut))
		return evidence_decide(v, OUTCOME_INVALID, "load", "what the load did was not recorded");
	if (f->requests_started.value == 0)
		return evidence_decide(v, OUTCOME_INVALID, "load",
				       "the load was never applied: no request was started");
	if (fact_set(f->load_deadline_hit)) {
		evidence_decide(v, OUTCOME_INVALID, "load", "%s: %" PRIu64 " of %" PRIu64 " requests had ended well%s",
				evidence_overdue(f, (char[EVIDENCE_OVERDUE_MAX]){ 0 }), f->requests_ok.value,
				f->requests_started.value,
				fact_known(f->health_longest_silence_ns)
					? ", while the server kept answering its health probe"
					: "; without a health probe it cannot be told whether the server hung");
		evidence_add(v, "what would end it: a time-out of its clients (the key 'timeout' of a group of the "
				"load), as most have one, where some are never answered; or a longer 'deadline'");
		return true;
	}
	if (f->requests_ok.value + f->requests_cut.value == 0)
		return evidence_decide(v, OUTCOME_INVALID, "load",
				       "the load was never applied: all of its %" PRIu64 " requests failed%s%s",
				       f->requests_started.value, f->first_failure[0] ? "; the first: " : "",
				       f->first_failure);
	if (fact_known(f->requests_intended) && ended < f->requests_intended.value)
		return evidence_decide(v, OUTCOME_INVALID, "load",
				       "the load was not applied in full: %" PRIu64 " of %" PRIu64 " requests ended",
				       ended, f->requests_intended.value);
	if (fact_known(f->acknowledged_bytes) && fact_known(f->sent_bytes) &&
	    f->acknowledged_bytes.value > f->sent_bytes.value)
		return evidence_decide(v, OUTCOME_INVALID, "load",
				       "the load was not applied in full: %s acknowledged, but only %s sent",
				       SIZE_TEXT(f->acknowledged_bytes.value), SIZE_TEXT(f->sent_bytes.value));
	return false;
}

bool rule_disk(const struct facts *f, struct verdict *v)
{
	return fact_set(f->disk_full) &&
	       evidence_decide(v, OUTCOME_INVALID, "disk", "the disk under the server's data ran full during the run");
}

bool rule_samples(const struct facts *f, struct verdict *v)
{
	if (!fact_set(f->samples))
		return evidence_decide(v, OUTCOME_INVALID, "samples", "memory was never sampled");
	/* Clients, deadlines and samples stand still then, and what the kernel does with memory meanwhile is
	 * not seen.
	 */
	if (fact_known(f->slept_ns) && f->slept_ns.value > SLEPT_LIMIT_NS)
		return evidence_decide(v, OUTCOME_INVALID, "samples", "the machine was suspended for %s during the run",
				       TIME_TEXT(f->slept_ns.value));
	if (!fact_known(f->sample_gap_max_ns))
		return evidence_decide(v, OUTCOME_INVALID, "samples", "how far apart the samples lie was not recorded");
	if (f->sample_gap_max_ns.value > SAMPLE_GAP_LIMIT_NS)
		return evidence_decide(v, OUTCOME_INVALID, "samples",
				       "no sample for %s: a peak could have come and gone unseen",
				       TIME_TEXT(f->sample_gap_max_ns.value));
	if (fact_set(f->samples_dropped) && f->samples_dropped.value * 100 > f->samples.value)
		return evidence_decide(v, OUTCOME_INVALID, "samples",
				       "%" PRIu64 " samples were lost and only %" PRIu64 " kept",
				       f->samples_dropped.value, f->samples.value);
	return false;
}
