/*
 * run_parts - the sections of a run's page that are made from its record alone:
 * each writes nothing where the record has nothing for it.
 */
#ifndef OOMRIG_HTML_RUN_PARTS_H
#define OOMRIG_HTML_RUN_PARTS_H

#include <stdio.h>

#include "base/error.h"
#include "record/summary.h"

void part_verdict(FILE *out, const struct run_summary *run);
void part_levels(FILE *out, const struct run_summary *run);
void part_requests(FILE *out, const struct run_summary *run);
void part_law(FILE *out, const struct run_summary *run);
void part_forecast(FILE *out, const struct run_summary *run);
void part_death(FILE *out, const struct run_summary *run);
void part_aftermath(FILE *out, const struct run_summary *run);
void part_log(FILE *out, const struct run_summary *run);
void part_setting(FILE *out, const struct run_summary *run);

/* The words of a verdict, "crashed/oom-kill", in its colour. */
void part_badge(FILE *out, const struct run_summary *run);

/* One line that makes such a run again; nothing where the record does not say. */
void part_reproduce(FILE *out, const struct run_summary *run);

#endif
