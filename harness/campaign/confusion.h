/*
 * confusion - a confusion matrix: what was right against what was said.  Pure.
 *
 * Life cycle: zeroed memory is an empty one; confusion_add() for each run;
 * confusion_write(); confusion_release().  Any thread that owns it.
 */
#ifndef OOMRIG_CAMPAIGN_CONFUSION_H
#define OOMRIG_CAMPAIGN_CONFUSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct confusion {
	char **names;	  /* labels and verdicts, sorted; row and column of counts */
	uint64_t *counts; /* [label * size + verdict] */
	size_t size;
	uint64_t runs, wrong;
};

void confusion_add(struct confusion *c, const char *label, const char *verdict);

/* Upper end of the exact (Clopper-Pearson) one-sided 95 % interval of the share of wrong verdicts; 1 without runs. */
double confusion_wrong_at_most(const struct confusion *c);

enum confusion_form { CONFUSION_TEXT, CONFUSION_MARKDOWN };

/* Labels as rows, verdicts as lettered columns; a line for each that is not on the diagonal stands out by its place. */
void confusion_write(const struct confusion *c, enum confusion_form form, struct buf *out);

void confusion_release(struct confusion *c);

#endif
