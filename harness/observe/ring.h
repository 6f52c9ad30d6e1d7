/*
 * ring - samples from the sampler thread to the main thread, without a lock.
 *
 * Life cycle: ring_init() allocates and touches all of it; then one thread
 * calls ring_slot() and ring_push(), one other ring_front() and ring_pop();
 * ring_release().  A full ring gives no slot; who finds it so counts a drop.
 */
#ifndef OOMRIG_OBSERVE_RING_H
#define OOMRIG_OBSERVE_RING_H

#include <stdatomic.h>

#include "observe/sampler.h"

#define RING_SAMPLES 4096 /* a power of two: 40 s at 100 Hz, 4 s of dense sampling */

struct ring {
	struct sample *slot;
	_Atomic size_t pushed, popped; /* ever */
};

void ring_init(struct ring *r);
void ring_release(struct ring *r);

/* Where to write the next sample; NULL when full.  Pushing hands it over. */
struct sample *ring_slot(struct ring *r);
void ring_push(struct ring *r);

/* The oldest sample not yet popped; NULL when empty. */
const struct sample *ring_front(const struct ring *r);
void ring_pop(struct ring *r);

#endif
