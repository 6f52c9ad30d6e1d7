/*
 * live_figure - what the server's own figures say that it holds: the bytes of the objects that its runtime knows to be
 * in use.  Where the scenario says (server.live), a JSON pointer into them; otherwise the shapes of
 * process.memoryUsage() of Node.js and of Go's runtime.MemStats, by itself or within expvar, are known.  Pure.
 */
#ifndef OOMRIG_RUN_LIVE_FIGURE_H
#define OOMRIG_RUN_LIVE_FIGURE_H

#include <jansson.h>

#include "base/fact.h"

/* pointer may be NULL.  Absent: the figures do not tell. */
struct fact live_figure(const json_t *figures, const char *pointer);

#endif
