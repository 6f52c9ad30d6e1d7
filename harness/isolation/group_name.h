/*
 * group_name - names of groups that say whose they are.
 *
 * "oomrig-<pid>-<start>-<random>": the rig's process id, its start time in
 * clock ticks since boot (hex) and 32 random bits (hex).  Id and start time
 * together outlive a reuse of the id, so that `oomrig clean` takes away what a
 * dead rig left and never what belongs to a living one.  Any thread.
 */
#ifndef OOMRIG_ISOLATION_GROUP_NAME_H
#define OOMRIG_ISOLATION_GROUP_NAME_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "isolation/isolation.h"

struct group_name {
	pid_t pid;
	uint64_t start_ticks;
	uint32_t random;
};

/* A new name for the calling process. */
int group_name_make(char out[ISOLATION_NAME_MAX], struct error *err);

/* 0, or -1 for a name that we did not make. */
int group_name_parse(const char *text, struct group_name *out);

/* Does the process that made it still live?  1, 0, or -1 when that cannot be told. */
int group_name_owner_lives(const struct group_name *name);

#endif
