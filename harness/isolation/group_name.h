/*
 * group_name - names of groups that say whose they are.
 *
 * "oomrig-<owner>-<random>": the rig (owner.h) and 32 random bits (hex).  Any
 * thread.
 */
#ifndef OOMRIG_ISOLATION_GROUP_NAME_H
#define OOMRIG_ISOLATION_GROUP_NAME_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "isolation/isolation.h"
#include "isolation/owner.h"

struct group_name {
	struct owner owner;
	uint32_t random;
};

/* A new name for the calling process. */
int group_name_make(char out[ISOLATION_NAME_MAX], struct error *err);

/* 0, or -1 for a name that we did not make. */
int group_name_parse(const char *text, struct group_name *out);

#endif
