/*
 * requirements - what a scenario needs beyond itself: of the host (`requires`,
 * one row each in requirements.c; without it the run is skipped, with the
 * reason), and of the rig, that it records the figures named.  Main thread.
 */
#ifndef OOMRIG_RUN_REQUIREMENTS_H
#define OOMRIG_RUN_REQUIREMENTS_H

#include "scenario/scenario.h"

/* The reason why the scenario cannot run here, static; NULL: it can. */
const char *requirements_missing(const struct scenario *s);

/* After scenario_check(): are all expected figures ones that are recorded? */
int requirements_check(const struct scenario *s, struct error *err);

#endif
