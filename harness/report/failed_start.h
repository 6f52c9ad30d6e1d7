/*
 * failed_start - the part of a run's report that stands first when no load came to
 * the server: how the server ended, and the last lines of its log, which mostly say
 * why.  Tables of such a run would show zeros and are left out.
 */
#ifndef OOMRIG_REPORT_FAILED_START_H
#define OOMRIG_REPORT_FAILED_START_H

#include <stdbool.h>

#include "record/summary.h"
#include "report/page.h"

/* The run has ended, and none of its requests was answered well because the server or the load failed to start. */
bool start_failed(const struct run_summary *run);

void report_failed_start(struct page *p, const struct run_summary *run);

#endif
