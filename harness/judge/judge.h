/*
 * judge - facts in, verdict out.  Pure: no I/O, no clock, no allocation that
 * the verdict does not own; the same facts always give the same verdict.
 * docs/verdicts.md states the rules in words; the outcomes and causes are the
 * table in judge.c.
 *
 * Life cycle: judge() fills a verdict, verdict_release() frees its lines.  Any
 * thread.
 */
#ifndef OOMRIG_JUDGE_JUDGE_H
#define OOMRIG_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "facts/facts.h"

enum outcome {
	OUTCOME_INVALID,
	OUTCOME_CRASHED,
	OUTCOME_STALLED,
	OUTCOME_GREW,
	OUTCOME_STEADY,
	OUTCOME_INTERRUPTED,
	OUTCOME_SKIPPED
};

#define JUDGE_VERSION 5

struct verdict {
	enum outcome outcome;
	const char *cause; /* static; NULL for outcomes without one */
	char **evidence;   /* lines for people, most important first */
	size_t evidence_count;
};

extern const char *const outcome_names[]; /* by enum outcome */

void judge(const struct facts *f, struct verdict *out);
void verdict_release(struct verdict *v);

/* What a scenario expects; see scenario.h. */
struct expectation {
	char *const *verdicts; /* "outcome" or "outcome/cause", any of them; borrowed */
	size_t count;
	bool data_loss;	      /* acknowledged uploads are expected to read back wrong */
	bool no_failures;     /* no request is expected to fail */
	bool some_failures;   /* at least one is */
	char *const *figures; /* bounds (bound.h) that all must hold; borrowed */
	size_t figure_count;
};

/* Is the verdict one of those named, and was there no surprise beside it: lost data, failed requests, figures? */
bool verdict_as_expected(const struct verdict *v, const struct facts *f, const struct expectation *e);

/*
 * run.json's "verdict": outcome, cause ("" for none), judge_version, expected,
 * as_expected, surprises (lines: what was not as expected beside the verdict
 * itself), evidence; law (law.h) only where there were rounds enough, forecast
 * (forecast.h) only of a leak that goes on.  The caller owns it.
 */
json_t *verdict_to_json(const struct verdict *v, const struct facts *f, const struct expectation *e);

/* Is "outcome[/cause]" one the judge can give?  For the scenario loader's check the same table is exported. */
struct outcome_row {
	enum outcome outcome;
	const char *cause; /* NULL: outcome alone */
	const char *meaning;
};
extern const struct outcome_row outcome_rows[]; /* ends with meaning == NULL */

#endif
