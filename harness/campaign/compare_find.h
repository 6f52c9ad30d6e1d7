/*
 * compare_find - one figure of two sides: centres, the change with its interval, the test.  Pure; used by compare.c
 * alone, which adjusts for the family and draws the conclusion.
 */
#ifndef OOMRIG_CAMPAIGN_COMPARE_FIND_H
#define OOMRIG_CAMPAIGN_COMPARE_FIND_H

#include "campaign/compare.h"

/* Why there is nothing to compare: nothing went wrong; all verdicts are as grave. */
#define FINDING_NONE "none on either side"
#define FINDING_ALIKE "as grave on both sides"

/* Fills a zeroed finding but for its conclusion; .p is not adjusted. */
void find_one(const struct observations *const side[2], enum metric_id id, struct finding *f);

#endif
