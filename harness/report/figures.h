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

/* The ink for its outcome and cause. */
enum ink verdict_ink(const struct run_summary *run);

/* The server ended before the rig had sent it a signal. */
bool run_ended_first(const struct facts *f);

/* "crashed/oom-kill"; "unfinished" for a run without a verdict. */
void verdict_name(struct buf *b, const struct run_summary *run);

/* "crashed/oom-kill or grew/page-cache" */
void verdict_expected(struct buf *b, const struct run_summary *run);

#endif
