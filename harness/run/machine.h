/*
 * machine - takes in all that happens to a run, one event after the other, tells it to
 * the phase the run is in, and enters the phase that this one names (phases.h).
 * Nothing sleeps.  Here alone is the one deadline: each phase has its own, counted
 * from when it is entered, so that every wait comes to an end.  And here alone is
 * the one way to cancel a run: from any phase to stop.
 *
 * Life cycle: machine_init(); the callbacks go to load and target; machine_run()
 * returns when the run has its verdict; machine_close() before the loop's last
 * turns.  Main thread, but for machine_interrupt(); private to run/.
 */
#ifndef OOMRIG_RUN_MACHINE_H
#define OOMRIG_RUN_MACHINE_H

#include "run/parts.h"

/* Handles in r->loop, which the caller has made. */
int machine_init(struct run *r, struct error *err);

struct load_callbacks machine_load_callbacks(struct run *r);
struct target_callbacks machine_target_callbacks(struct run *r);

/* The user has asked for the end.  arg: the run.  Any thread. */
void machine_interrupt(void *arg);

/* PHASE_START, or PHASE_STOP where there is nothing to start. */
void machine_run(struct run *r, enum phase_id first);

void machine_close(struct run *r);

#endif
