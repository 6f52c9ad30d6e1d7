/*
 * rounds - the load of one round: three times or once as many clients, twice or
 * once as many files and sizes as the scenario says, each combination once in
 * eight rounds (a 2^3 factorial), so that their parts in the growth of memory can
 * be told apart.  More rounds repeat each in its place.  The first round brings
 * the bytes of the fullest one with the clients and sizes of the smallest: what
 * fills once is full after it.
 *
 * Life cycle: rounds_groups() for each round; rounds_release() when the load,
 * which borrows the groups, has been closed.  Main thread.
 */
#ifndef OOMRIG_RUN_ROUNDS_H
#define OOMRIG_RUN_ROUNDS_H

#include "facts/facts.h"
#include "scenario/scenario.h"

struct rounds {
	struct group_list varied[FACTS_ROUNDS_MAX];
	size_t now; /* 0-based */
};

/* Groups of that round: the scenario's own when it has only one.  Borrowed until rounds_release(). */
const struct group_list *rounds_groups(struct rounds *r, const struct scenario *s, size_t round);

/* Clients at once in them. */
uint64_t rounds_clients(const struct group_list *groups);

void rounds_release(struct rounds *r);

#endif
