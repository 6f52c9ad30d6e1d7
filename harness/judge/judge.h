/*
 * judge - facts in, verdict out.  Pure: no I/O, no clock, no allocation that
 * the verdict does not own; the same facts always give the same verdict.
 * docs/verdicts.md states the rules in words; the outcomes and causes are the
 * table in facts/words.c.
 *
 * Life cycle: judge() fills a verdict, verdict_release() frees its lines.  Any
 * thread.
 */
#ifndef OOMRIG_JUDGE_JUDGE_H
#define OOMRIG_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "facts/facts.h"
#include "facts/words.h"

#define JUDGE_VERSION 8

struct verdict {
	enum outcome outcome;
	const char *cause; /* static; NULL for outcomes without one */
	char **evidence;   /* lines for people, most important first */
	size_t evidence_count;
};

void judge(const struct facts *f, struct verdict *out);

/* Bytes of a rise below which nothing is said of it: a sixteenth of the cap, within limits. */
uint64_t judge_noise_bytes(const struct facts *f);
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
 * What was not as expected beside the verdict itself, as lines for people; *out
 * is a heap array of heap strings, free each and the array.
 */
size_t verdict_surprises(const struct facts *f, const struct expectation *e, char ***out);

#endif
