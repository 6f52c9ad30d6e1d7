/* heading - the lines that every report of a single run opens with: verdict, what was run, its question. */
#ifndef OOMRIG_REPORT_HEADING_H
#define OOMRIG_REPORT_HEADING_H

#include "report/page.h"
#include "record/summary.h"

/* The first of these lines alone. */
void heading_verdict(struct page *p, const struct run_summary *run);

/* Where all of it is stored: the line that a report ends with. */
void heading_record(struct page *p, const struct run_summary *run);

void heading_add(struct page *p, const struct run_summary *run);

#endif
