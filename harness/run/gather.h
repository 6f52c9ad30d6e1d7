/*
 * gather - samples in, memory facts out: what the group held at baseline, at its
 * peak, after the load, and at the moment of death.  Pure but for its own ring.
 *
 * Life cycle: gather_init(); gather_phase() at each change of phase (after the
 * samples taken before it were handed over); gather_sample() for every sample in
 * order; gather_death() if the server died (the first OOM event does it by
 * itself), then gather_next_life() and gather_forget() if it is started again;
 * gather_release().
 */
#ifndef OOMRIG_RUN_GATHER_H
#define OOMRIG_RUN_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "facts/facts.h"
#include "observe/sampler.h"
#include "run/series.h"

enum gather_phase {
	GATHER_BEFORE,	 /* start, prepare: nothing is kept but for a death */
	GATHER_BASELINE, /* the last sample counts */
	GATHER_LOAD,	 /* peaks, from here until memory has settled */
	GATHER_SETTLE,	 /* the last sample counts */
	GATHER_COLLECT,	 /* garbage was asked back: the last sample counts, of the round too */
	GATHER_AFTER,	 /* the read-back, the page cache asked back: kept for a death alone */
	GATHER_STOP,	 /* from the rig's first signal on: its own doing, nothing is kept */
};

/* The second before a death, compactly; all of its samples are in samples.csv between from_ns and to_ns. */
#define LAST_SECOND_STEPS 8
struct last_second {
	uint64_t from_ns, to_ns; /* clock_ns() of the first and the last of them; 0: no death, or nothing was seen */
	size_t samples;
	uint64_t gap_max_ns;
	struct sample step[LAST_SECOND_STEPS]; /* as it was 1 s, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01 s before, and then */
	size_t steps;			       /* known; fewer when the run is younger than a second */
};

struct gather {
	struct facts *facts; /* borrowed */
	enum gather_phase phase;
	struct sample *recent; /* ring of the last GATHER_RECENT samples */
	size_t next, count;
	struct sample last;
	struct fact baseline_faults;
	struct memory_sample baseline;	   /* the last sample before the load */
	struct fact private_low;	   /* lowest anon + shmem since then */
	struct facts_round *round;	   /* of facts, the one that runs; NULL: rounds are not told apart */
	struct series series;		   /* of the load, where it is not in rounds */
	uint64_t oom_events, first_oom_ns; /* event samples so far; clock_ns() of the first */
	struct sample at_oom;		   /* the event sample nearest to the kill */
	struct last_second last_second;	   /* before the moment of gather_death() */
	uint64_t kills_before;		   /* of earlier lives, in the group's counter */
};

/* A second of the densest sampling, and what follows until the death is known, which may be seconds later. */
#define GATHER_RECENT 8192

void gather_init(struct gather *g, struct facts *facts);
void gather_phase(struct gather *g, enum gather_phase phase);
/* A further round of load begins; NULL when facts has no room for it. */
struct facts_round *gather_round(struct gather *g);
void gather_sample(struct gather *g, const struct sample *s);
/* Charge in no known class. */
struct fact gather_unclassed(const struct memory_sample *m);
/* Of the last sample: unreclaimable memory less the bookkeeping of page cache that has come since the baseline. */
struct fact gather_held(const struct gather *g);

/*
 * What has been done of the load by now, its series of memory runs beside it; the first begins them.  And the points of
 * the facts made of both, when the load has ended or the server has; a second time changes nothing that was there.
 */
void gather_work(struct gather *g, const struct series_work *now);
/* What the server itself says that it holds: the last before the load, and the least of the last ones after it. */
void gather_live(struct gather *g, struct fact live);
void gather_points(struct gather *g);

/*
 * Composition of the charge at death.  By the time the rig sees the end, the
 * kernel has taken the pages back, so the last samples show an empty group: the
 * sample taken on the OOM event stands for the moment of the kill, or without
 * one the sample with the highest unreclaimable memory of the second before the kill was
 * counted or, if none was, before the main process had no memory any more.
 */
void gather_death(struct gather *g, uint64_t end_ns);
/* That sample, which need not be the first death's; NULL when there is none.  Valid until the next sample. */
const struct sample *gather_at_death(const struct gather *g, uint64_t end_ns);
/* What follows is of the next life, whose facts are its own; borrowed. */
void gather_next_life(struct gather *g, struct facts *facts);
/* It is started: what was sampled until now says nothing of its death; kills: the group's counter by now. */
void gather_forget(struct gather *g, uint64_t kills);
void gather_release(struct gather *g);

#endif
