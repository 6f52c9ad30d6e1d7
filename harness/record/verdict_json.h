/*
 * verdict_json - a verdict as run.json holds it.  No I/O; any thread.
 */
#ifndef OOMRIG_RECORD_VERDICT_JSON_H
#define OOMRIG_RECORD_VERDICT_JSON_H

#include <jansson.h>

#include "judge/judge.h"

/*
 * run.json's "verdict": outcome, cause ("" for none), judge_version, expected,
 * expected_data_loss, expected_failures, as_expected, surprises (lines: what was
 * not as expected beside the verdict itself), evidence; law (law.h) only where
 * there were rounds enough, forecast (forecast.h) only of a leak that goes on.
 * The caller owns it.
 */
json_t *verdict_to_json(const struct verdict *v, const struct facts *f, const struct expectation *e);

/* "law": class, held and kept, each with its dominant term or null.  The caller owns it. */
json_t *law_to_json(const struct facts *f);

#endif
