/*
 * markdown - runs for a pull request: a short table first, the evidence folded below it, within what GitHub takes for a
 * comment (65,536 characters); what is left out for that is counted.
 */
#ifndef OOMRIG_REPORT_MARKDOWN_H
#define OOMRIG_REPORT_MARKDOWN_H

#include "report/report.h"

extern const struct exporter markdown_exporter;

#endif
