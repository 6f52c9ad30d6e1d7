/*
 * table - an exporter.  for spreadsheets: CSV, a line for each run, a column for each figure.
 */
#ifndef OOMRIG_REPORT_TABLE_H
#define OOMRIG_REPORT_TABLE_H

#include "report/report.h"

extern const struct exporter table_exporter;

#endif
