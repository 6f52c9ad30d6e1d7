/*
 * servers - finds the descriptions of servers: files servers/NAME.yaml in the
 * folder of a scenario or in a folder above it, then those that come with the
 * program.  Any thread.
 */
#ifndef OOMRIG_SCENARIO_SERVERS_H
#define OOMRIG_SCENARIO_SERVERS_H

#include "base/error.h"

/* The path of NAME's description, which the caller frees; NULL with ERROR_INPUT and the nearest known name. */
char *servers_find(const char *scenario_path, const char *name, struct error *err);

/*
 * Calls visit for every description that can be used from there, those of the
 * nearest folder first.  A name may come twice: the first one wins.
 */
void servers_each(const char *scenario_path, void (*visit)(void *arg, const char *name, const char *path), void *arg);

#endif
