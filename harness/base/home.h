/*
 * home - where this program and what comes with it lie: scenarios/, the bundled
 * server, the services whose fate is known.  In a checkout that is the program's
 * own folder; installed in PREFIX/bin it is PREFIX/lib/oomrig.  Any thread.
 */
#ifndef OOMRIG_BASE_HOME_H
#define OOMRIG_BASE_HOME_H

#include "base/error.h"

/* The path of this program, by /proc/self/exe (proc(5)); heap, NULL with err. */
char *home_program(struct error *err);

/* The folder; heap, NULL with err when /proc does not say where the program lies. */
char *home_folder(struct error *err);

/*
 * A scenario as it was named: the path itself where there is such a file, else
 * the one that comes with the program, with and without 'scenarios/' in front
 * and '.yaml' or '.yml' behind.  Heap; the name itself when nothing is found.
 */
char *home_scenario(const char *name);

#endif
