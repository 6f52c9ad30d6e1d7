/*
 * rejudge - the verdict on a stored run from its facts, by the rules of the rig
 * that reads it.  No I/O; any thread that owns the record.
 */
#ifndef OOMRIG_RECORD_REJUDGE_H
#define OOMRIG_RECORD_REJUDGE_H

#include <jansson.h>

#include "base/error.h"
#include "judge/judge.h"

/* What the record's scenario expects; expectation_release() frees it, the record keeps the texts. */
void rejudge_expectation(const json_t *record, struct expectation *out);
void rejudge_expectation_release(struct expectation *e);

/*
 * Facts and verdict of a finished or interrupted run.  ERROR_INPUT: the record has
 * no facts, or bad ones, or the run was never brought to an end.
 */
int rejudge(const json_t *record, struct facts *facts, struct verdict *verdict, struct error *err);

/*
 * Makes of the record of a run that nobody could bring to an end one of an interrupted
 * run, judged by the facts that it had gathered.  why: for its evidence.
 */
int rejudge_as_interrupted(json_t *record, const char *why, struct error *err);

#endif
