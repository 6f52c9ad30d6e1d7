/* display - the state of a run as progress shows it.  Main thread; private to run/. */
#ifndef OOMRIG_RUN_DISPLAY_H
#define OOMRIG_RUN_DISPLAY_H

#include "run/parts.h"

void display_update(struct run *r);

#endif
