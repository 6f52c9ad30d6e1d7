/*
 * requirements - what a scenario may need of the host (`requires`), one row each
 * in requirements.c; without it the run is skipped, with the reason.  Main thread.
 */
#ifndef OOMRIG_RUN_REQUIREMENTS_H
#define OOMRIG_RUN_REQUIREMENTS_H

#include "scenario/scenario.h"

/* The reason why the scenario cannot run here, static; NULL: it can. */
const char *requirements_missing(const struct scenario *s);

#endif
