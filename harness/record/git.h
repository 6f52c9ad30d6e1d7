/*
 * git - questions to git, asked as a child that writes nothing to the index and
 * asks nobody anything.  Main thread; waits for it.
 */
#ifndef OOMRIG_RECORD_GIT_H
#define OOMRIG_RECORD_GIT_H

#include "base/buf.h"

/*
 * Runs `git` with these words (the first is "git", NULL-terminated) and appends
 * what it printed; the last newline is left off.  -1: git is missing, said no or
 * did not end within a minute.
 */
int git_read(const char *const words[], struct buf *out);

#endif
