/*
 * evidence - the lines a verdict rests on, as people read them.  Used by the
 * rules of the judge only; any thread that owns the verdict.
 */
#ifndef OOMRIG_JUDGE_EVIDENCE_H
#define OOMRIG_JUDGE_EVIDENCE_H

#include "base/units.h"
#include "judge/judge.h"

/* "256 MiB" and "0.42 s"; the text lives as long as the block it is used in. */
#define SIZE_TEXT(bytes) units_format_size(bytes, (char[UNITS_TEXT_MAX]){ 0 })
#define TIME_TEXT(ns) units_format_duration(ns, (char[UNITS_TEXT_MAX]){ 0 })

/* A size, or "absent" or "unreadable". */
#define FACT_SIZE_TEXT(fact) evidence_fact_size(fact, (char[UNITS_TEXT_MAX]){ 0 })
const char *evidence_fact_size(struct fact fact, char out[UNITS_TEXT_MAX]);

/* The same of a time. */
#define FACT_TIME_TEXT(fact) evidence_fact_time(fact, (char[UNITS_TEXT_MAX]){ 0 })
const char *evidence_fact_time(struct fact fact, char out[UNITS_TEXT_MAX]);

/* "the load did not end within 60.0 s (the scenario's key 'deadline')" */
#define EVIDENCE_OVERDUE_MAX 96
const char *evidence_overdue(const struct facts *f, char out[EVIDENCE_OVERDUE_MAX]);

/* Adds a line at the end, or in front of all others. */
void evidence_add(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void evidence_add_first(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets outcome and cause (static, NULL for none), adds the line that says why.  Always true: the rule has decided. */
bool evidence_decide(struct verdict *v, enum outcome outcome, const char *cause, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A known fact that is not 0. */
bool fact_set(struct fact fact);

/* "SIGKILL", "exit status 137", with "pid 515" where known: how the server ended. */
#define EVIDENCE_END_MAX 64
const char *evidence_end(const struct facts *f, char out[EVIDENCE_END_MAX]);

/* What the kernel log holds of the kill, the OOM event, the charge and the requests at the moment of death. */
void evidence_of_kill(const struct facts *f, struct verdict *v);
void evidence_of_death(const struct facts *f, struct verdict *v);

/* What is said beside any outcome: wrong bytes (first of all lines), failed requests, the quality of the run. */
void evidence_beside(const struct facts *f, struct verdict *v);

#endif
