#include "observe/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void ring_init(struct ring *r)
{
	r->slot = xmalloc(RING_SAMPLES * sizeof(*r->slot));
	memset(r->slot, 0, RING_SAMPLES * sizeof(*r->slot)); /* the page faults happen here */
	atomic_init(&r->pushed, 0);
	atomic_init(&r->popped, 0);
}

void ring_release(struct ring *r)
{
	free(r->slot);
	r->slot = NULL;
}

struct sample *ring_slot(struct ring *r)
{
	size_t pushed = atomic_load_explicit(&r->pushed, memory_order_relaxed);
	size_t popped = atomic_load_explicit(&r->popped, memory_order_acquire);

	return pushed - popped == RING_SAMPLES ? NULL : &r->slot[pushed % RING_SAMPLES];
}

void ring_push(struct ring *r)
{
	atomic_fetch_add_explicit(&r->pushed, 1, memory_order_release);
}

const struct sample *ring_front(const struct ring *r)
{
	size_t popped = atomic_load_explicit(&r->popped, memory_order_relaxed);

	return popped == atomic_load_explicit(&r->pushed, memory_order_acquire) ? NULL
										: &r->slot[popped % RING_SAMPLES];
}

void ring_pop(struct ring *r)
{
	atomic_fetch_add_explicit(&r->popped, 1, memory_order_release);
}
