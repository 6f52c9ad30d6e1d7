/*
 * marks - what happened in a run besides its figures: the phases, and the moments
 * that every chart marks: out of memory, deaths, the page cache asked back, the
 * server's own maintenance.  Any thread.
 */
#ifndef OOMRIG_HTML_MARKS_H
#define OOMRIG_HTML_MARKS_H

#include <stdio.h>

#include "record/summary.h"

/* The end of the last phase; 0: the record names none. */
uint64_t marks_span_ns(const struct run_summary *run);

/* "phases":[{"name","from","to"}], "marks":[{"t","kind"}]; kinds are "oom", "death", "squeeze", "pass". */
void marks_json(const struct run_summary *run, uint64_t span_ns, FILE *out);

/* The same in words, as a list; buttons show a phase on all charts.  Nothing where there is nothing. */
void marks_write(const struct run_summary *run, uint64_t span_ns, FILE *out);

#endif
