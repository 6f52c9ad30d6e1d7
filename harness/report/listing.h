/* listing - what a results folder holds, a line for each run, newest last; a record that cannot be read has its error.
 */
#ifndef OOMRIG_REPORT_LISTING_H
#define OOMRIG_REPORT_LISTING_H

#include <stdio.h>

#include "base/error.h"
#include "record/select.h"

/* *unreadable: how many records cannot be read.  -1: the folder itself cannot. */
int report_listing(FILE *out, const char *results, const struct select_filter *filter, size_t *unreadable,
		   struct error *err);

#endif
