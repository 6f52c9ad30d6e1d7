/*
 * openmetrics - an exporter.  for Prometheus: every figure of each run, in OpenMetrics text.
 */
#ifndef OOMRIG_REPORT_OPENMETRICS_H
#define OOMRIG_REPORT_OPENMETRICS_H

#include "report/report.h"

extern const struct exporter openmetrics_exporter;

#endif
