/*
 * rules - the judge's steps, in the order of the table in judge.c.  A rule looks
 * at the facts and returns true when it has decided; outcome, cause and evidence
 * then stand in the verdict.  false: nothing was touched, the next rule looks.
 * Pure; docs/verdicts.md says the same in words.
 */
#ifndef OOMRIG_JUDGE_RULES_H
#define OOMRIG_JUDGE_RULES_H

#include "judge/judge.h"

/* guards.c: was this the experiment that was asked for? */
bool rule_interrupted(const struct facts *f, struct verdict *v);
bool rule_skipped(const struct facts *f, struct verdict *v);
bool rule_machine(const struct facts *f, struct verdict *v);
bool rule_rig(const struct facts *f, struct verdict *v);
bool rule_cap(const struct facts *f, struct verdict *v);
bool rule_group(const struct facts *f, struct verdict *v);
bool rule_port(const struct facts *f, struct verdict *v);
bool rule_port_known(const struct facts *f, struct verdict *v);
bool rule_load(const struct facts *f, struct verdict *v);
bool rule_disk(const struct facts *f, struct verdict *v);
bool rule_samples(const struct facts *f, struct verdict *v);

/* life.c: how did the server end, or did it stop answering? */
bool rule_life(const struct facts *f, struct verdict *v);
bool rule_stall(const struct facts *f, struct verdict *v);

/* growth.c: which memory grew?  Always decides. */
bool rule_growth(const struct facts *f, struct verdict *v);

#endif
