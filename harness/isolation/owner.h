/*
 * owner - which rig something belongs to, in the name of what it makes: groups,
 * work folders, worktrees, folders of runs, records.
 *
 * "<pid>-<start>": the rig's process id and its start time in clock ticks since
 * boot (hex).  The two together outlive a reuse of the id, and they do not depend
 * on what the program is called, so that `oomrig clean` takes away what a dead
 * rig left and never what belongs to a living one.  Any thread.
 */
#ifndef OOMRIG_ISOLATION_OWNER_H
#define OOMRIG_ISOLATION_OWNER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define OWNER_TEXT_MAX 40

struct owner {
	pid_t pid;
	uint64_t start_ticks; /* 0: not known; any process of that id is the owner then */
};

/* The calling process. */
int owner_self(struct owner *out, struct error *err);

/* Returns out. */
const char *owner_format(const struct owner *o, char out[OWNER_TEXT_MAX]);

/* The owner at the start of a text, and a '-' behind it; returns what follows, NULL where there is no such. */
const char *owner_parse(const char *text, struct owner *out);

/* Does it still live?  1, 0, or -1 when that cannot be told. */
int owner_lives(const struct owner *o);

#endif
