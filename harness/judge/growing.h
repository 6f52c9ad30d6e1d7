/*
 * growing - of memory that stayed: would more work raise it?  Rounds answer by
 * their law (law.h), a single load by the trend of its floor (trend.h); what
 * neither can tell is said, with what would.  Pure.
 */
#ifndef OOMRIG_JUDGE_GROWING_H
#define OOMRIG_JUDGE_GROWING_H

#include <stdbool.h>

#include "judge/judge.h"
#include "judge/trend.h"

struct growing {
	bool yes;	     /* it keeps growing with work */
	bool by_rounds;	     /* rounds enough for a law, which has the word */
	bool bounded;	     /* that law says that nothing is kept of a request or a byte */
	bool garbage_likely; /* the trend says yes, but the runtime may not have collected yet */
	/* the server's own figure of what it holds … */
	bool live_fell; /* … is as low as before the load: what stayed is kept by allocator or runtime */
	bool live_grew; /* … rose by half of what stayed and more */
	uint64_t live_rise;
	struct trend trend; /* of a single load */
};

void growing_find(const struct facts *f, uint64_t base_bytes, uint64_t end_bytes, uint64_t noise_bytes,
		  struct growing *out);

/* Adds how the rise went, and for one that cannot be told what would decide it. */
void growing_explain(const struct facts *f, const struct growing *g, struct verdict *v);

#endif
