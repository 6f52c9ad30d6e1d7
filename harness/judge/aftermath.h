/*
 * aftermath - lines on what followed a death: the read-back after it, and the
 * deaths that came later.  They change no verdict.  Pure.
 */
#ifndef OOMRIG_JUDGE_AFTERMATH_H
#define OOMRIG_JUDGE_AFTERMATH_H

#include "judge/judge.h"

/* So many deaths within so long are a crash loop; so is one before the server was ready again. */
#define AFTERMATH_LOOP_DEATHS 3
#define AFTERMATH_LOOP_NS (10 * NS_PER_S)

bool aftermath_is_crash_loop(const struct facts *f);

/* Is there an acknowledged upload that was to be read and was not? */
bool aftermath_unknown(const struct facts *f);

/* Was a later life not shown to run under the cap all the time? */
bool aftermath_uncapped(const struct facts *f);

void aftermath_explain(const struct facts *f, struct verdict *v);

#endif
