/*
 * words - the words of a verdict: outcomes, their causes, and all that is said of
 * them anywhere.  One table: a new cause is one row.  docs/verdicts.md explains
 * them, and when each is given.  Plain data; any thread.
 */
#ifndef OOMRIG_FACTS_WORDS_H
#define OOMRIG_FACTS_WORDS_H

#include <stdbool.h>

enum outcome {
	OUTCOME_INVALID,
	OUTCOME_CRASHED,
	OUTCOME_STALLED,
	OUTCOME_GREW,
	OUTCOME_STEADY,
	OUTCOME_INTERRUPTED,
	OUTCOME_SKIPPED,
	OUTCOME_UNKNOWN /* the judge never gives it: the word of a record that this rig does not know */
};

extern const char *const outcome_names[]; /* by enum outcome */

/* OUTCOME_UNKNOWN for any other word, and for NULL. */
enum outcome outcome_find(const char *name);

/* How it is shown: good, worth a look, bad, or an alarm because it says nothing. */
enum outcome_tone { TONE_WARN, TONE_GOOD, TONE_BAD, TONE_ALARM };

/* Which figures a sentence about it goes on with. */
enum outcome_figures { FIGURES_NONE, FIGURES_DEATH, FIGURES_CACHE, FIGURES_RISE, FIGURES_LEVEL, FIGURES_KINDS };

struct outcome_row {
	enum outcome outcome;
	const char *cause;   /* NULL: the outcome without a cause, and any cause that has no row */
	const char *meaning; /* "the kernel killed the server for lack of memory" */
	enum outcome_tone tone;
	const char *clause; /* after the server's name: "was killed by the kernel" */
	enum outcome_figures figures;
	bool expectable; /* may stand in a scenario's "expect" */
};
extern const struct outcome_row outcome_rows[]; /* ends with meaning == NULL: the row of a run without a verdict */

/* The row of a verdict; cause NULL or "": none.  Never NULL. */
const struct outcome_row *outcome_row_of(enum outcome outcome, const char *cause);

/* The row with exactly that cause (NULL: none); NULL: there is none. */
const struct outcome_row *outcome_row_find(enum outcome outcome, const char *cause);

#endif
