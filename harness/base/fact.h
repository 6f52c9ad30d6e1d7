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

/* The sum; absent parts count nothing, one unreadable part or a sum beyond 64 bits: unreadable, all absent: absent. */
static inline struct fact fact_add(struct fact a, struct fact b)
{
	if (a.state == FACT_UNREADABLE || b.state == FACT_UNREADABLE)
		return FACT_BROKEN;
	if (a.state == FACT_ABSENT)
		return b;
	if (b.state == FACT_ABSENT)
		return a;
	return a.value <= UINT64_MAX - b.value ? fact_of(a.value + b.value) : FACT_BROKEN;
}

/* A figure in `unit`s; beyond 64 bits: unreadable. */
static inline struct fact fact_in(uint64_t value, uint64_t unit)
{
	return value <= UINT64_MAX / unit ? fact_of(value * unit) : FACT_BROKEN;
}

/* The larger of two; a known one wins over a missing one. */
static inline struct fact fact_max(struct fact a, struct fact b)
{
	if (a.state != FACT_KNOWN)
		return b.state == FACT_ABSENT ? a : b;
	return b.state == FACT_KNOWN && b.value > a.value ? b : a;
}

/*
 * A decimal figure in `unit`s as the kernel's files hold it, blanks in front, in [at, end): what follows the digits is
 * not looked at.  No digit, or more than 64 bits hold: unreadable.  Allocates nothing.
 */
struct fact fact_parse(const char *at, const char *end, uint64_t unit);

#endif
