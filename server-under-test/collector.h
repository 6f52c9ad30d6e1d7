/*
 * collector - a heap whose dead blocks are freed late, as the Go runtime's are;
 * the part of P1 that makes outgrown buffers pile up.
 *
 * A dropped block stays allocated until a collection cycle finds it dead.  A
 * cycle starts when as much was allocated since the last one as that one left
 * alive (GOGC=100), or 4 MiB, whichever is more, or two minutes after the last
 * one.  What it frees can be used again at once, but goes back to the kernel
 * slowly, by a scavenger that is held to one per cent of a processor and leaves
 * the heap what it expects to need.  (As of Go 1.19: runtime/mgcpacer.go, mgc.go
 * `forcegcperiod`, mgcscavenge.go `scavengePercent` and `gcPaceScavenger`.)
 *
 * Life cycle: collector_new, collector_alloc / collector_drop / collector_collect
 * from any thread, collector_free (blocks that were not dropped die with it).
 */
#ifndef CHUNKSERVER_COLLECTOR_H
#define CHUNKSERVER_COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct collector;

struct collector *collector_new(struct error *err);
void collector_free(struct collector *c);

/* A zeroed block, every page of it touched; does not fail (it aborts, see server_out_of_memory). */
void *collector_alloc(struct collector *c, size_t size_bytes);

/* The caller refers to the block no longer; NULL is allowed. */
void collector_drop(struct collector *c, void *block);

/*
 * Collects at once, and gives the kernel back all that is free, whatever the heap
 * would have been left; back when it is done (Go's debug.FreeOSMemory()).
 */
void collector_collect(struct collector *c);

struct collector_figures {
	uint64_t live_bytes;	 /* allocated and in use */
	uint64_t garbage_bytes;	 /* dropped, not yet collected */
	uint64_t retained_bytes; /* collected, not yet given back to the kernel */
	uint64_t cycles;
};
void collector_figures(struct collector *c, struct collector_figures *out);

#endif
