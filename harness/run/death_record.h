/*
 * death_record - how the server died, as far as it was seen: the "death" object of
 * run.json, beside the facts.  Built once, when the sampler has stopped and the
 * kernel log was read; results/README.md explains the keys.  Main thread.
 */
#ifndef OOMRIG_RUN_DEATH_RECORD_H
#define OOMRIG_RUN_DEATH_RECORD_H

#include <jansson.h>

#include "facts/facts.h"
#include "observe/kernel_log.h"
#include "run/gather.h"

/* What the kernel printed of the first kill, as facts. */
void death_note_dump(const struct kernel_log *log, struct facts *f);

/*
 * at_oom: NULL when there was no OOM event.  origin_ns: clock_ns() of the server's
 * start.  NULL when nothing died.
 */
json_t *death_to_json(const struct kernel_log *log, const struct oom_snapshot *at_oom, const struct gather *g,
		      uint64_t origin_ns);

#endif
