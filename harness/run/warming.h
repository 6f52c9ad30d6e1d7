/*
 * warming - the small load before the baseline, of which a round is one file for each
 * client: which groups take part, and what became of the level after each round
 * (judge/warm_up.h decides when that is enough).
 *
 * Not put on where the first load is the question: a crash or a stall is expected,
 * the run goes on after a death, or rounds vary the load and have a first one of
 * their own.  Groups that vanish, stall, are throttled, come later, or make fewer
 * than WARMING_FILES_MIN files per client take no part: of these a round would be no
 * small load.
 *
 * Life cycle: zeroed; warming_groups() for each round; warming_note() when memory had
 * time to settle after it; warming_release() when the load, which borrows the groups,
 * has been closed.  Main thread.
 */
#ifndef OOMRIG_RUN_WARMING_H
#define OOMRIG_RUN_WARMING_H

#include "base/fact.h"
#include "facts/facts.h"
#include "judge/warm_up.h"
#include "scenario/scenario.h"

#define WARMING_FILES_MIN 8

struct warming {
	struct group_list groups;
	uint64_t level[WARM_UP_ROUNDS_MAX + 1];
	size_t rounds;
	bool begun;
};

bool warming_is_asked(const struct scenario *s);

/* Those that take part, one file for each client; empty when none does. */
const struct group_list *warming_groups(struct warming *w, const struct scenario *s);

/* held: by gather_held().  Another round?  When not, facts say how many there were and why they ended. */
bool warming_note(struct warming *w, struct fact held, struct facts *f);

/* A round took too long: it was the last one, and facts say so. */
void warming_give_up(struct warming *w, struct facts *f);

void warming_release(struct warming *w);

#endif
