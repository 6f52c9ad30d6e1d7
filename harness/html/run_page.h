/*
 * run_page - the page of one run, from its record and its row files.
 */
#ifndef OOMRIG_HTML_RUN_PAGE_H
#define OOMRIG_HTML_RUN_PAGE_H

#include <stdio.h>

#include "base/error.h"
#include "record/summary.h"

int run_page_write(FILE *out, const struct run_summary *run, struct error *err);

#endif
