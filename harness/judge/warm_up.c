#include "judge/warm_up.h"

#define STILL_DIVISOR 8 /* of the noise: a round that adds less has added nothing */
#define CAP_DIVISOR 4

static uint64_t rise(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* Of the last two rounds, both against the highest level before them: a fall and a rise after it are one saw-tooth. */
static int stands_still(const uint64_t *level, size_t rounds, uint64_t noise_bytes)
{
	uint64_t highest = level[0];

	for (size_t i = 1; i + 2 <= rounds; i++)
		if (level[i] > highest)
			highest = level[i];
	return rise(highest, level[rounds - 1]) < noise_bytes / STILL_DIVISOR &&
	       rise(highest, level[rounds]) < noise_bytes / STILL_DIVISOR;
}

enum warm_up_answer warm_up_next(const uint64_t *level, size_t rounds, uint64_t noise_bytes, uint64_t cap_bytes)
{
	if (rounds >= WARM_UP_ROUNDS_MIN && stands_still(level, rounds, noise_bytes))
		return WARM_UP_STILL;
	if (rounds >= WARM_UP_ROUNDS_MAX)
		return WARM_UP_RISES;
	if (cap_bytes > 0 && rounds > 0) {
		uint64_t next = rise(level[0], level[rounds]) / rounds;
		if (rise(level[0], level[rounds]) + next > cap_bytes / CAP_DIVISOR)
			return WARM_UP_FULL;
	}
	return WARM_UP_ANOTHER;
}
