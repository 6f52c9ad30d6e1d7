/*
 * summary - what a record says, as a struct that reports are made from.  Built
 * only from the record, so that a fresh run and a stored one read the same.
 *
 * Life cycle: summary_read() from a record; strings are borrowed from it unless
 * said otherwise: keep the record until summary_release().  Any thread.
 */
#ifndef OOMRIG_RECORD_SUMMARY_H
#define OOMRIG_RECORD_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/fact.h"
#include "facts/facts.h"
#include "facts/words.h"
#include "record/store.h"

struct run_summary {
	const char *id, *scenario, *question;
	enum record_state state;
	const char *folder;    /* "" when the record does not say */
	const char *label;     /* "" when there is none */
	enum outcome outcome;  /* OUTCOME_UNKNOWN: a newer rig's word, which summary_outcome() gives */
	const char *cause;     /* "" when there is none */
	const char **expected; /* heap array of borrowed strings */
	size_t expected_count;
	bool as_expected;
	const char **surprises; /* as above; what was not as expected beside the verdict; none in older records */
	size_t surprise_count;
	const char **evidence; /* heap array of borrowed strings */
	size_t evidence_count;
	const json_t *law, *forecast; /* of the verdict (law.h, forecast.h), borrowed; NULL where there is none */
	struct facts facts;
	struct fact memory_bytes; /* cap asked for */
	const json_t *load;	  /* the resolved scenario's load groups, borrowed; NULL when the record has none */
	const json_t *record;	  /* all the rest, borrowed; NULL: made by hand */
	char *server;		  /* "chunkserver before-any-fix" or the command; heap, released with the summary */
};

/*
 * A record of state "running" is that of a rig that did not finish (or is at it
 * now): OUTCOME_INVALID without a cause, one line of evidence that says so.
 * ERROR_INPUT names what a record lacks; *s is then released.
 */
int summary_read(struct run_summary *s, const json_t *record, struct error *err);
void summary_release(struct run_summary *s);

/* The word for its outcome; static, or borrowed from the record. */
const char *summary_outcome(const struct run_summary *s);

/* What is said of its outcome and cause (words.h).  Never NULL. */
const struct outcome_row *verdict_words(const struct run_summary *run);

/* Is the verdict one of those expected, whatever was expected beside it? */
bool verdict_as_asked(const struct run_summary *run);

/* The rig is still at it, or was killed: no verdict yet. */
bool run_unfinished(const struct run_summary *run);

/* A run that says something about its server: neither invalid nor interrupted nor unfinished. */
bool run_judged(const struct run_summary *run);

bool run_crashed(const struct run_summary *run);

/* Neither crashed nor stalled; of a judged run. */
bool run_survived(const struct run_summary *run);

/* The load groups without what says how they are checked: reading back loads nothing.  NULL: not known; caller owns. */
json_t *run_load_alone(const struct run_summary *run);

#endif
