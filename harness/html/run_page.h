/*
 * run_page - the page of one run, from its record and its row files.
 */
#ifndef OOMRIG_HTML_RUN_PAGE_H
#define OOMRIG_HTML_RUN_PAGE_H

#include <stdio.h>

#include "record/summary.h"

/* A row file that cannot be read is named on the page, and what it lacks is not drawn. */
void run_page_write(FILE *out, const struct run_summary *run);

#endif
