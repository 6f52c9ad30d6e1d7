/*
 * fact - a figure that may be missing.  Zero, absent and unreadable are three
 * values: absent means the host has no such figure (an older kernel, the other
 * cgroup version), unreadable that it should be there and could not be read.
 */
#ifndef OOMRIG_BASE_FACT_H
#define OOMRIG_BASE_FACT_H

#include <stdbool.h>
#include <stdint.h>

enum fact_state { FACT_ABSENT = 0, FACT_UNREADABLE, FACT_KNOWN };

struct fact {
	enum fact_state state;
	uint64_t value; /* only when FACT_KNOWN */
};

#define FACT_NONE ((struct fact){ FACT_ABSENT, 0 })
#define FACT_BROKEN ((struct fact){ FACT_UNREADABLE, 0 })

static inline struct fact fact_of(uint64_t value)
{
	return (struct fact){ FACT_KNOWN, value };
}

static inline bool fact_known(struct fact f)
{
	return f.state == FACT_KNOWN;
}

/* The sum; absent parts count nothing, one unreadable part makes it unreadable, all absent: absent. */
static inline struct fact fact_add(struct fact a, struct fact b)
{
	if (a.state == FACT_UNREADABLE || b.state == FACT_UNREADABLE)
		return FACT_BROKEN;
	if (a.state == FACT_ABSENT)
		return b;
	return b.state == FACT_ABSENT ? a : fact_of(a.value + b.value);
}

/* The larger of two; a known one wins over a missing one. */
static inline struct fact fact_max(struct fact a, struct fact b)
{
	if (a.state != FACT_KNOWN)
		return b.state == FACT_ABSENT ? a : b;
	return b.state == FACT_KNOWN && b.value > a.value ? b : a;
}

#endif
