/*
 * github - an exporter.  for GitHub Actions: annotations, and the step summary where GITHUB_STEP_SUMMARY is set.
 */
#ifndef OOMRIG_REPORT_GITHUB_H
#define OOMRIG_REPORT_GITHUB_H

#include "report/report.h"

extern const struct exporter github_exporter;

#endif
