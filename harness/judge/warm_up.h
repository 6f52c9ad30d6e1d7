/*
 * warm_up - when has a server been warmed up?  From the level after each round of
 * a small load before the baseline: has it come to stand still?  Pure.
 *
 * A round is one file for each client of each group that uploads or downloads.  At
 * least WARM_UP_ROUNDS_MIN of them are put on, at most WARM_UP_ROUNDS_MAX; none that
 * could take the level beyond a quarter of the cap, because a leak would then be
 * killed before its load.
 */
#ifndef OOMRIG_JUDGE_WARM_UP_H
#define OOMRIG_JUDGE_WARM_UP_H

#include <stddef.h>
#include <stdint.h>

#define WARM_UP_ROUNDS_MIN 3
#define WARM_UP_ROUNDS_MAX 12

enum warm_up_answer {
	WARM_UP_ANOTHER, /* round of it */
	WARM_UP_STILL,	 /* the last two rounds added next to nothing */
	WARM_UP_RISES,	 /* it still rises after so many rounds: the load will tell of what */
	WARM_UP_FULL,	 /* another round might take what the load needs of the cap */
};

/* level[0]: before the first round; level[n]: after the nth has settled; cap_bytes 0: none. */
enum warm_up_answer warm_up_next(const uint64_t *level, size_t rounds, uint64_t noise_bytes, uint64_t cap_bytes);

#endif
