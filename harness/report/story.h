/*
 * story - stored runs told as experiments: which sources, what was tried, how
 * often, what came out.  Runs of the same sources (branch, commit, uncommitted
 * changes), label and note are one experiment, told where its first run was made.
 * Main thread.
 */
#ifndef OOMRIG_REPORT_STORY_H
#define OOMRIG_REPORT_STORY_H

#include <stdio.h>

#include "record/run_list.h"

void report_story(FILE *out, const struct run_list *runs);

/* {"schema":1,"experiments":[…],"damaged":[…]}; the caller owns it. */
json_t *story_json(const struct run_list *runs);

#endif
