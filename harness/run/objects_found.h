/*
 * objects_found - what a reading after a death finds of the objects, as facts.  An
 * object that broke off is held back until it is known whether the server's end
 * was the reason.  Main thread; private to run/.
 *
 * Life cycle: objects_found_expect() when the load is over, and before each reading
 * anew; objects_found_note() for each object; objects_found_end() at the end.
 */
#ifndef OOMRIG_RUN_OBJECTS_FOUND_H
#define OOMRIG_RUN_OBJECTS_FOUND_H

#include "run/parts.h"

/* How many objects are to be read; none are found yet. */
void objects_found_expect(struct run *r);
void objects_found_note(struct run *r, const struct load_request *request);
/* The server has ended: what broke off just now broke because of that. */
void objects_found_death(struct run *r);
void objects_found_end(struct run *r);

#endif
