/*
 * plot - what memory did over a stored run, drawn in the terminal: memory under
 * its cap, requests in flight, and how far clean-up was behind, on one time axis
 * with the phases of the run.
 */
#ifndef OOMRIG_REPORT_PLOT_H
#define OOMRIG_REPORT_PLOT_H

#include "report/report.h"

extern const struct exporter plot_exporter;

#endif
