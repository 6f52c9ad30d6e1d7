/*
 * open_files - the limit of open files (RLIMIT_NOFILE), which a load of many clients
 * raises for the rig alone: the server gets the one that the rig was started with.
 * Main thread.
 */
#ifndef OOMRIG_BASE_OPEN_FILES_H
#define OOMRIG_BASE_OPEN_FILES_H

#include <stdint.h>

#include "base/error.h"

/* Raises the soft limit where it is lower than needed. */
int open_files_allow(uint64_t needed, struct error *err);

/* The soft limit before it was raised; 0: it was not. */
uint64_t open_files_before(void);

/* Sets the soft limit of this process. */
int open_files_set(uint64_t soft, struct error *err);

#endif
