/*
 * ending - the one way out when the user asks the rig to stop: SIGINT, SIGTERM,
 * SIGHUP and SIGQUIT, from the first line of main() to the last.
 *
 *   first signal    whoever takes part is told and ends in its own order; where
 *                   nobody does, nothing was made yet and the program ends
 *   second signal   whatever the main thread is at: each takes away at once what it
 *                   has made, and the program ends
 *   third signal    the program ends where it is; `oomrig clean` takes away the rest
 *
 * A signal that the rig was started to ignore, as by nohup(1), stays ignored.
 * SIGPIPE is ignored always: what cannot be written is dropped, the runs go on to
 * their end, and the exit status tells of the failed write.
 *
 * Life cycle: ending_catch() first in main(); ending_join() before anything is made,
 * ending_leave() when it is gone.  The signals are blocked in every thread but one
 * of ours, which waits for them: no call is ever interrupted, and none can keep the
 * thread from its work.  Children must not inherit the mask: uv_spawn() and
 * base/spawn.h see to that.
 */
#ifndef OOMRIG_BASE_ENDING_H
#define OOMRIG_BASE_ENDING_H

#include <stdbool.h>

#include "base/error.h"

#define ENDING_STATUS 130

/* Owned by the caller, who fills the first three fields. */
struct ending_party {
	/* On ending's thread, or in ending_join() when it is late: may do no more than wake the caller's loop. */
	void (*asked)(void *arg);
	/* On ending's thread, while the main thread may go on up to its next ending_hold(); NULL: nothing to do. */
	void (*at_once)(void *arg);
	void *arg;
	struct ending_party *next;
};

/*
 * Descriptors 0 to 2 are there afterwards: a closed one must not become somebody
 * else's file.  Standard output that was closed fails at each write.
 */
int ending_catch(struct error *err);

/* Was a signal seen? */
bool ending_asked(void);

void ending_join(struct ending_party *party);
void ending_leave(struct ending_party *party);

/*
 * Around a step that makes or frees what at_once() takes away: none of it happens
 * meanwhile, nor after it.  Short steps only; not nested, no join or leave inside.
 */
void ending_hold(void);
void ending_release(void);

/* A line on standard error from at_once(): takes no lock that the main thread could hold, waits for nobody. */
void ending_say(const char *text);

#endif
