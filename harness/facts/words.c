#include "facts/words.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

const char *const outcome_names[] = {
	[OUTCOME_INVALID] = "invalid", [OUTCOME_CRASHED] = "crashed", [OUTCOME_STALLED] = "stalled",
	[OUTCOME_GREW] = "grew",       [OUTCOME_STEADY] = "steady",   [OUTCOME_INTERRUPTED] = "interrupted",
	[OUTCOME_SKIPPED] = "skipped", [OUTCOME_UNKNOWN] = "unknown",
};

#define INVALID_CLAUSE "proves nothing, the run is invalid"
#define STALLED_CLAUSE "stopped answering"

const struct outcome_row outcome_rows[] = {
	{ OUTCOME_CRASHED, NULL, "the server, or a part of it, died", TONE_BAD, "crashed", FIGURES_DEATH, true },
	{ OUTCOME_CRASHED, "oom-kill", "the kernel killed the server for lack of memory", TONE_BAD,
	  "was killed by the kernel", FIGURES_DEATH, true },
	{ OUTCOME_CRASHED, "oom-child", "the kernel killed another process of the server's group", TONE_BAD,
	  "lost a worker to the kernel's OOM killer", FIGURES_DEATH, true },
	{ OUTCOME_CRASHED, "alloc-failure", "the server ended itself because an allocation failed", TONE_BAD,
	  "ended itself because an allocation failed", FIGURES_DEATH, true },
	{ OUTCOME_CRASHED, "signal",
	  "another signal ended it, a SIGKILL included that neither the kernel nor the rig sent", TONE_BAD,
	  "died of a signal that was not the OOM killer's", FIGURES_DEATH, true },
	{ OUTCOME_CRASHED, "exit", "it exited while it should have served", TONE_BAD, "ended by itself", FIGURES_DEATH,
	  true },
	{ OUTCOME_STALLED, NULL,
	  "alive, but a health probe went unanswered past its deadline, or held back at memory.high", TONE_BAD,
	  STALLED_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_STALLED, "thrash", "it reads the same pages again and again, or is held back at memory.high",
	  TONE_BAD, STALLED_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_STALLED, "no-victim", "out of memory, and the kernel may kill none of its processes", TONE_BAD,
	  "ran out of memory, and the kernel may kill none of it", FIGURES_NONE, true },
	{ OUTCOME_STALLED, "hang", "without signs of either", TONE_BAD, STALLED_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_GREW, NULL, "memory rose above the noise", TONE_WARN, "grew", FIGURES_NONE, true },
	{ OUTCOME_GREW, "leak", "unreclaimable memory keeps rising with work", TONE_WARN,
	  "kept more and more of what it had taken", FIGURES_RISE, true },
	{ OUTCOME_GREW, "kept", "it rose and stayed, and this load cannot tell whether more work would raise it",
	  TONE_WARN, "kept what it had taken", FIGURES_RISE, true },
	{ OUTCOME_GREW, "peak", "unreclaimable memory rose under load and was given back", TONE_WARN,
	  "rose under load and gave it back", FIGURES_RISE, true },
	{ OUTCOME_GREW, "page-cache",
	  "the charge rose, unreclaimable memory did not; shown by having the kernel free it", TONE_GOOD,
	  "filled the page cache", FIGURES_CACHE, true },
	{ OUTCOME_STEADY, NULL, "nothing rose above the noise", TONE_GOOD, "stayed flat", FIGURES_LEVEL, true },
	{ OUTCOME_INVALID, NULL, "nothing can be said", TONE_ALARM, INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "rig", "the rig itself failed", TONE_ALARM, INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "cap", "the cap was not in force as asked, or was not what killed", TONE_ALARM,
	  INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "group", "the server was not shown to run inside its group", TONE_ALARM, INVALID_CLAUSE,
	  FIGURES_NONE, true },
	{ OUTCOME_INVALID, "start",
	  "the server never became ready, left its first process, or is not what the load reached", TONE_ALARM,
	  INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "load", "the load was not applied in full", TONE_ALARM, INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "disk", "the disk ran full", TONE_ALARM, INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "samples", "memory was not watched closely enough", TONE_ALARM, INVALID_CLAUSE, FIGURES_NONE,
	  true },
	{ OUTCOME_INVALID, "evidence", "a figure that the verdict needs is missing or contradicts another", TONE_ALARM,
	  INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INVALID, "unproven", "looks like page cache, but the kernel did not free it, or was not asked to",
	  TONE_ALARM, INVALID_CLAUSE, FIGURES_NONE, true },
	{ OUTCOME_INTERRUPTED, NULL, "the user stopped the run", TONE_WARN, "was interrupted", FIGURES_NONE, false },
	{ OUTCOME_SKIPPED, NULL, "the host lacks what the scenario requires", TONE_WARN, "was skipped", FIGURES_NONE,
	  false },
	{ OUTCOME_UNKNOWN, NULL, NULL, TONE_WARN, "has no verdict", FIGURES_NONE, false },
};

enum outcome outcome_find(const char *name)
{
	enum outcome outcome = OUTCOME_INVALID;

	while (outcome < OUTCOME_UNKNOWN && (name == NULL || strcmp(name, outcome_names[outcome]) != 0))
		outcome++;
	return outcome;
}

static bool same_cause(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const struct outcome_row *outcome_row_find(enum outcome outcome, const char *cause)
{
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++)
		if (row->outcome == outcome && same_cause(row->cause, cause))
			return row;
	return NULL;
}

const struct outcome_row *outcome_row_of(enum outcome outcome, const char *cause)
{
	const struct outcome_row *row = outcome_row_find(outcome, cause != NULL && cause[0] != '\0' ? cause : NULL);

	if (row == NULL)
		row = outcome_row_find(outcome, NULL);
	return row != NULL ? row : &outcome_rows[COUNT(outcome_rows) - 1];
}
