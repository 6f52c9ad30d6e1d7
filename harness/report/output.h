/* output - a report that was put together in memory goes to its stream at once; a write that failed is an error. */
#ifndef OOMRIG_REPORT_OUTPUT_H
#define OOMRIG_REPORT_OUTPUT_H

#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"

/* Writes and releases the text. */
int output_take(FILE *out, struct buf *text, struct error *err);

#endif
