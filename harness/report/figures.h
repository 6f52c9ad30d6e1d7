/*
 * figures - figures and verdicts as people read them, the same in every terminal
 * report.  Three values stay three: a missing figure is "-", one that could not
 * be read is "?", nothing is "0 B".  Any thread.
 */
#ifndef OOMRIG_REPORT_FIGURES_H
#define OOMRIG_REPORT_FIGURES_H

#include "base/fact.h"
#include "base/units.h"
#include "report/page.h"
#include "record/summary.h"

const char *figure_size(struct fact f, char out[UNITS_TEXT_MAX]);
const char *figure_count(struct fact f, char out[UNITS_TEXT_MAX]);
const char *figure_duration(struct fact f, char out[UNITS_TEXT_MAX]);

/* "228-231 MiB", or one figure when both read the same; between: "-", " -> ". */
void figure_pair(struct buf *b, uint64_t first, uint64_t second, const char *between,
		 const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]));

/* What is said of its outcome and cause (words.h), and the ink for it.  Never NULL. */
const struct outcome_row *verdict_words(const struct run_summary *run);
enum ink verdict_ink(const struct run_summary *run);

/* The rig is still at it, or was killed: no verdict yet. */
bool run_unfinished(const struct run_summary *run);

bool run_crashed(const struct run_summary *run);

/* The server ended before the rig had sent it a signal. */
bool run_ended_first(const struct facts *f);

/* A run that says something about its server: neither invalid nor interrupted nor unfinished. */
bool run_judged(const struct run_summary *run);

/* Is the verdict one of those expected, whatever was expected beside it? */
bool verdict_as_asked(const struct run_summary *run);

/* The load groups without what says how they are checked: reading back loads nothing.  NULL: not known; caller owns. */
json_t *run_load_alone(const struct run_summary *run);

/* "crashed/oom-kill"; "unfinished" for a run without a verdict. */
void verdict_name(struct buf *b, const struct run_summary *run);

/* "crashed/oom-kill or grew/page-cache" */
void verdict_expected(struct buf *b, const struct run_summary *run);

#endif
