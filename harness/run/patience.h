/*
 * patience - how long the rig waits for a server in a machine that is slow:
 * whatever a scenario gives in time to wait (server.ready.timeout and the other
 * deadlines of the server, `deadline` of the load) is in the machine's time, and so
 * many times longer on the rig's clock.  What the clients do (duration, timeout,
 * start, think) and how long the server is left alone stay as they are, and so does
 * server.stop_timeout: all is judged by then, and a machine may be frozen.
 *
 * Pure; no life cycle: what comes out borrows all that it points to.
 */
#ifndef OOMRIG_RUN_PATIENCE_H
#define OOMRIG_RUN_PATIENCE_H

#include "scenario/scenario.h"

/* s with its waits `times` as long; never released, and gone with s. */
struct scenario patience_in_machine(const struct scenario *s, uint64_t times);

#endif
