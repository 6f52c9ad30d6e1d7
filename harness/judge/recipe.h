/*
 * recipe - what is known of the runtimes that keep a heap of their own: how to have
 * it collected, and up to which rise it may be mere garbage.  Pure.
 */
#ifndef OOMRIG_JUDGE_RECIPE_H
#define OOMRIG_JUDGE_RECIPE_H

#include <stdint.h>

struct recipe {
	const char *runtime;	/* as facts name it */
	const char *name;	/* for people */
	uint64_t garbage_bytes; /* a rise up to it may be garbage that the runtime has not looked at yet */
	const char *how;	/* what server.collect must do, how long to wait, what the allocator needs */
};

/* NULL: none was recognised, or one without a heap of its own. */
const struct recipe *recipe_of(const char *runtime);

#endif
