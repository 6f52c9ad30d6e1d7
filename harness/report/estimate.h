/*
 * estimate - how long the runs that follow will take, from those that were measured.
 * Nothing is said before the first of them.  Any thread.
 */
#ifndef OOMRIG_REPORT_ESTIMATE_H
#define OOMRIG_REPORT_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

#include "report/page.h"

/* Zeroed: nothing measured. */
struct estimate {
	uint64_t least_ns, most_ns; /* that a run took */
	size_t count;
};

void estimate_run(struct estimate *e, uint64_t duration_ns);

/*
 * Appends "  about 3-5 min left" for that many runs, the one that begins included: from all of them as short as the
 * shortest to all as long as the longest.  least 0: not known, "up to about 5 min left".
 */
void estimate_text(struct buf *b, const struct estimate *e, size_t least, size_t most);

#endif
