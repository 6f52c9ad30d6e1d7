/*
 * checks - what a run looks at by itself, at even intervals: the samples, the cap, the
 * group, the server's port, the disk.  What was once seen otherwise stays so, in the
 * facts of the life that it was seen of.  Main thread; private to run/.
 */
#ifndef OOMRIG_RUN_CHECKS_H
#define OOMRIG_RUN_CHECKS_H

#include <stdbool.h>

#include "run/parts.h"

/* Samples taken so far go to gather and samples.csv. */
void checks_drain(struct run *r);

/* Still the cap of the start? */
void checks_cap(struct run *r);

/* Every process of the server in its group? */
void checks_membership(struct run *r);

/* Has the server made groups below its own?  Then a part of it is outside as well. */
void checks_division(struct run *r);

/* Does the group hold the server's port?  False: a stranger does, and there is nothing to go on for. */
bool checks_port(struct run *r);

/* At the end: nobody was ever seen to listen, and yet requests were answered. */
void checks_port_unseen(struct run *r);

/* Has something become of the server's own machine?  False: then there is nothing to go on for. */
bool checks_machine(struct run *r);

/* Is the disk under the data full? */
void checks_disk(struct run *r);

/* Which runtime serves? */
void checks_runtime(struct run *r);

/* What the load has done by now, where it is not in rounds: by the tick, and as each request ends. */
void checks_work(struct run *r);

/* All of them once a second, whatever the phase.  False: as checks_port(). */
bool checks_each_second(struct run *r);

#endif
