/*
 * spawn - a helper program as a child: run, read, over.  It gets the signal mask
 * and the dispositions that programs expect, none of our GIT_* variables, which
 * would make git look at another repository than the one that it is asked about,
 * and a deadline.
 *
 * The server under test is not started by this (target/trampoline.h), nor are builds
 * (campaign/interrupt.h), which share the environment.  Any thread; waits.
 */
#ifndef OOMRIG_BASE_SPAWN_H
#define OOMRIG_BASE_SPAWN_H

#include <stdint.h>

#include "base/error.h"

struct spawn_options {
	const char *const *words;     /* the program, looked for in PATH, and its arguments; NULL-terminated */
	const char *const *variables; /* "NAME=VALUE" before ours, NULL-terminated; NULL: none */
	int input;		      /* its standard input; -1: /dev/null */
	uint64_t deadline_ns;	      /* from now; it is killed then */
};

/*
 * *out: a memory file, rewound, with what it printed, which the caller closes.
 * -1: it could not be started, said no or did not end.  Standard error is dropped.
 */
int spawn_run(const struct spawn_options *options, int *out, struct error *err);

/* Our environment without GIT_*, `variables` before it (getenv(3) finds the first of two); heap, strings borrowed. */
char **spawn_environment(const char *const *variables);

#endif
