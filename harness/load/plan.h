/* plan - which transfers a group makes.  Knows no clock and no network; any thread. */
#ifndef OOMRIG_LOAD_PLAN_H
#define OOMRIG_LOAD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario/scenario.h"

/* Positions that a seeking client reads in each file; 1 for the other kinds, which make one transfer of a file. */
uint64_t plan_transfers_per_file(const struct load_group *group);

/* False when no number of requests is intended: the end is open, or set by the clock. */
bool plan_intends(const struct load_group *group, uint64_t *requests);

#endif
