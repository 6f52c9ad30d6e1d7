/*
 * confusion - a confusion matrix: what was right against what was said.  Pure.
 *
 * Life cycle: zeroed memory is an empty one; confusion_add() for each run;
 * confusion_matrix() or confusion_list(); confusion_release().  Any thread that owns it.
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

/* In Markdown: labels as rows, verdicts as lettered columns; what is not on the diagonal stands out by its place. */
void confusion_matrix(const struct confusion *c, struct buf *out);

/* For a terminal, a line for each label that was run: how many were right, and as what the others came out. */
void confusion_list(const struct confusion *c, struct buf *out);

void confusion_release(struct confusion *c);

#endif
