/* rejudged - a verdict of today beside the stored one (record/rejudge_stored.h), on the terminal and as JSON. */
#ifndef OOMRIG_REPORT_REJUDGED_H
#define OOMRIG_REPORT_REJUDGED_H

#include <stdbool.h>
#include <stdio.h>

#include "record/rejudge_stored.h"

/* A line; with today's evidence below it where the verdict changed, or where all of it is asked for. */
void report_rejudged(FILE *out, const struct rejudged *r, bool evidence);

/* {"id", "stored", "today", "changed"}; the caller owns it. */
json_t *rejudged_json(const struct rejudged *r);

#endif
