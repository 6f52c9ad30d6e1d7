/*
 * death_page - the part of a run's report that examines how the server died: its
 * last second, the kernel's own figures beside the rig's, the kernel's table of
 * processes.  Reads the record's "death"; writes nothing without one.
 */
#ifndef OOMRIG_REPORT_DEATH_PAGE_H
#define OOMRIG_REPORT_DEATH_PAGE_H

#include <jansson.h>

#include "report/page.h"

void report_death(struct page *p, const json_t *death);

#endif
