/*
 * compare_words - what stands in the cells of a comparison, for the terminal, Markdown and the page alike: the centre
 * of a side, the change with its interval, how far "same" reaches.  Appends to a buf.
 */
#ifndef OOMRIG_CAMPAIGN_COMPARE_WORDS_H
#define OOMRIG_CAMPAIGN_COMPARE_WORDS_H

#include "base/buf.h"
#include "campaign/compare.h"

/* "135 MiB (24, 3 cut by a kill)"; of verdicts their counts. */
void compare_add_centre(struct buf *b, const struct comparison *c, enum metric_id id, size_t k);

/* "-90 % (-91 % to -88 %)". */
void compare_add_change(struct buf *b, const struct metric *m, const struct finding *f);
void compare_add_interval(struct buf *b, const struct metric *m, const struct interval *i);

/* "28 points", "3.2 %" or "4 MiB": of ANSWER_SAME. */
void compare_add_within(struct buf *b, const struct metric *m, const struct finding *f);

#endif
