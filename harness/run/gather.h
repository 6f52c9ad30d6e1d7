/*
 * gather - samples in, memory facts out: what the group held at baseline, at its
 * peak, after the load, and at the moment of death.  Pure but for its own ring.
 *
 * Life cycle: gather_init(); gather_phase() at each change of phase (after the
 * samples taken before it were handed over); gather_sample() for every sample in
 * order; gather_death() if the server died (the first OOM event does it by
 * itself); gather_release().
 */
#ifndef OOMRIG_RUN_GATHER_H
#define OOMRIG_RUN_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "judge/facts.h"
#include "observe/sampler.h"

enum gather_phase {
	GATHER_BEFORE,   /* start, prepare: nothing is kept but for a death */
	GATHER_BASELINE, /* the last sample counts */
	GATHER_LOAD,     /* peaks, from here to the end */
	GATHER_SETTLE,   /* the last sample counts */
	GATHER_AFTER,
	GATHER_STOP,     /* from the rig's first signal on: its own doing, nothing is kept */
};

struct gather {
	struct facts *facts; /* borrowed */
	enum gather_phase phase;
	struct sample *recent; /* ring of the last GATHER_RECENT samples */
	size_t next, count;
	struct sample last;
	struct fact baseline_faults;
	struct memory_sample baseline; /* the last sample before the load */
	struct facts_round *round;     /* of facts, the one that runs; NULL: rounds are not told apart */
	uint64_t oom_events, first_oom_ns; /* event samples so far; clock_ns() of the first */
	struct sample at_oom;              /* the fullest event sample of the last GATHER_DYING_NS */
};

#define GATHER_RECENT 1024 /* a second of the densest sampling */

void gather_init(struct gather *g, struct facts *facts);
void gather_phase(struct gather *g, enum gather_phase phase);
/* A further round of load begins; NULL when facts has no room for it. */
struct facts_round *gather_round(struct gather *g);
void gather_sample(struct gather *g, const struct sample *s);
/* Of the last sample: unreclaimable memory less the bookkeeping of page cache that has come since the baseline. */
struct fact gather_held(const struct gather *g);

/*
 * How long a killed process may take to be gone: its memory is freed and its
 * I/O waited for first (2.9 s were seen on a busy disk).
 */
#define GATHER_DYING_NS (10 * NS_PER_S)

/*
 * Composition of the charge at death.  By the time the rig sees the end, the
 * kernel has taken the pages back, so the last samples show an empty group: the
 * sample taken on the OOM event stands for the moment of the kill, or without
 * one the sample of the last second with the highest unreclaimable memory.
 */
void gather_death(struct gather *g, uint64_t end_ns);
void gather_release(struct gather *g);

#endif
