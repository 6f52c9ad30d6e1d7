/*
 * pace - when samples are worth taking at the dense rate: while memory moves fast,
 * while it would reach the cap within a second, and after an OOM event.
 *
 * pace_init(); pace_see() with each sample; pace_dense() before each wait.  Of the
 * sampler's thread alone.  Dense samples cost CPU: a budget of one part in a hundred
 * of wall time pays for them, saved up to a second of them.
 */
#ifndef OOMRIG_OBSERVE_PACE_H
#define OOMRIG_OBSERVE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fact.h"

struct pace {
	uint64_t cap_bytes; /* 0: none */
	uint64_t step_bytes;
	struct fact moving_at_tick; /* bytes */
	struct fact trend_bytes[2]; /* unreclaimable: [0] a quarter to half a second ago, [1] since then */
	uint64_t trend_ns[2];
	uint64_t dense_until_ns, unbudgeted_until_ns;
	int64_t budget_ns;
	uint64_t budget_wall_ns, budget_cpu_ns; /* when last settled */
};

/* cpu_ns: what the thread has used by now. */
void pace_init(struct pace *p, uint64_t cap_bytes, uint64_t now, uint64_t cpu_ns);

/* moving: what kills when it grows, without the kernel's part; tick: a sample of the even pace. */
void pace_see(struct pace *p, struct fact moving, struct fact unreclaimable, bool tick, uint64_t now);

/* An OOM event: the kill follows within some ms, to be seen whatever it costs. */
void pace_oom(struct pace *p, uint64_t now);

bool pace_dense(struct pace *p, uint64_t now, uint64_t (*cpu_ns)(void));

#endif
