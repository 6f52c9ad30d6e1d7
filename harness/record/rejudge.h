/*
 * rejudge - the verdict on a stored run from its facts, by the rules of the rig
 * that reads it.  No I/O; any thread that owns the record.
 */
#ifndef OOMRIG_STORE_REJUDGE_H
#define OOMRIG_STORE_REJUDGE_H

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
 * Ends the record of a run whose rig was killed: as interrupted, from the facts it
 * had gathered.  -1: these are bad, the record is as it was.
 */
int rejudge_interrupted(json_t *record, struct error *err);

#endif
