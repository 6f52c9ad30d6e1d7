/* heading - the lines that every report of a single run opens with: verdict, what was run, its question. */
#ifndef OOMRIG_REPORT_HEADING_H
#define OOMRIG_REPORT_HEADING_H

#include "report/page.h"
#include "record/summary.h"

void heading_add(struct page *p, const struct run_summary *run);

#endif
