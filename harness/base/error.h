/*
 * error - what went wrong, for whoever has to tell the user.
 *
 * Life cycle: the caller owns a `struct error` (usually on its stack, zeroed
 * by ERROR_INIT), passes it last, and looks at it only when the call returned
 * -1.  The callee fills it once; each level on the way up may put its own
 * context in front with error_prefix().  Nothing is allocated, so an error
 * needs no release and can be filled when memory is short.
 *
 * Only the commands (cli/) print errors for the user, and turn the code into the exit
 * status; what goes wrong beside a run that goes on is a message of log.h.
 * Thread-safe as long as two threads do not share one struct error.
 */
#ifndef OOMRIG_BASE_ERROR_H
#define OOMRIG_BASE_ERROR_H

#include <stdarg.h>

enum error_code {
	ERROR_NONE = 0,
	ERROR_USAGE,	   /* the command line is wrong: exit 2 */
	ERROR_INPUT,	   /* a scenario or another file of the user's is wrong: exit 2 */
	ERROR_ENVIRONMENT, /* this host cannot do it (no controller, no permission): exit 3 */
	ERROR_SYSTEM,	   /* a system or library call failed unexpectedly: exit 3 */
	ERROR_TARGET,	   /* the server under test failed: a fact to judge, not a rig fault */
	ERROR_INTERRUPTED, /* the user asked us to stop: exit 130 */
	ERROR_BUG,	   /* our own invariant does not hold: exit 3 */
};

#define ERROR_MESSAGE_MAX 1024

struct error {
	enum error_code code;
	int sys_errno; /* errno behind it, 0 where there is none */
	char message[ERROR_MESSAGE_MAX];
};

#define ERROR_INIT                                                                                                     \
	{                                                                                                              \
		.code = ERROR_NONE, .sys_errno = 0, .message = ""                                                      \
	}

/* Fills *err (may be NULL).  Always returns -1, so that callers can `return error_set(…)`. */
int error_set(struct error *err, enum error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As error_set, and appends ": strerror(sys_errno)". */
int error_set_errno(struct error *err, enum error_code code, int sys_errno, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "context: " in front of the message.  Returns -1. */
int error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
