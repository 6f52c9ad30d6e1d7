/*
 * findings - reads what the verdict rests on, and turns it into facts.
 *
 * In this order: findings_of_death() when the server has died by itself;
 * findings_seal() before the rig's first signal, or before the server is started
 * again; findings_kernel_log_late() until it says no; findings_of_log() when the
 * first life is over; findings_end() when nothing runs any more.  Main thread;
 * private to run/.
 */
#ifndef OOMRIG_RUN_FINDINGS_H
#define OOMRIG_RUN_FINDINGS_H

#include "run/parts.h"

/* The kill's record reached /dev/kmsg at most 11 ms after the last touched page; ten times that is patience. */
#define FINDINGS_LOG_WAIT_NS (20 * NS_PER_MS)

/* What was charged and under way at the first death, as far as it was seen. */
void findings_of_death(struct run *r, uint64_t end_ns);

/* Counters, limits, kernel log as they are before the rig's own doing is in them.  A second time: nothing. */
void findings_seal(struct run *r);

/*
 * Is there a kill by the counter that the kernel log has not told of yet?  A few times
 * yes at most; at the first no what it has told becomes facts.
 */
bool findings_kernel_log_late(struct run *r);

/* What the server itself printed of failed allocations, in the facts of its life. */
void findings_of_log(struct run *r);

/* The rest, and the files. */
void findings_end(struct run *r);

#endif
