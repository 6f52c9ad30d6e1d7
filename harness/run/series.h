/*
 * series - memory over the work of one load: levels as the sampler saw them, and
 * what had been done by then, joined to the points of the facts.  Pure.
 *
 * Life cycle: zeroed memory is empty; series_note_work() and series_note_level()
 * as they come, each in order of its own time; series_points() at any time;
 * series_release().  Main thread.
 *
 * Both lists are bounded: when one is full, two entries become one each, and from
 * then on twice as many go into one: of levels the lowest, of work the latest, with
 * the most in flight.
 */
#ifndef OOMRIG_RUN_SERIES_H
#define OOMRIG_RUN_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"

#define SERIES_MAX 4096

/* t_ns of the same clock; the rest since the load began. */
struct series_work {
	uint64_t t_ns, requests, ended, bytes, in_flight;
};

struct series_level {
	uint64_t t_ns;
	struct fact bytes;
};

struct series_list {
	size_t count;
	uint64_t passed, stride; /* into the last entry so far; how many go into one, 0: 1 */
};

struct series {
	struct series_work *work;   /* SERIES_MAX of them, NULL: none yet */
	struct series_level *level; /* as many */
	struct series_list works, levels;
};

void series_note_work(struct series *s, const struct series_work *now);
void series_note_level(struct series *s, uint64_t t_ns, struct fact bytes);

/*
 * At most max points from the first work to the last, one for each stretch of the
 * same length: its lowest level, with the work done by then; the last point is the
 * end itself.  Returns how many.
 */
size_t series_points(const struct series *s, struct facts_point *out, size_t max);

void series_release(struct series *s);

#endif
