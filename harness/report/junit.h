/*
 * junit - an exporter.  for CI: JUnit XML, a suite for each scenario, a case for each run.
 */
#ifndef OOMRIG_REPORT_JUNIT_H
#define OOMRIG_REPORT_JUNIT_H

#include "report/report.h"

extern const struct exporter junit_exporter;

#endif
