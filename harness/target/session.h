/*
 * session - the processes of a session (setsid(2)), found in /proc.  The server
 * leads one of its own, so that its workers can be told from everybody else's
 * processes whatever group they are in.  Any thread.
 */
#ifndef OOMRIG_TARGET_SESSION_H
#define OOMRIG_TARGET_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls fn for each living process of the session; returns how many there are, -1 if /proc cannot be read. */
int session_for_each(pid_t session, void (*fn)(void *arg, pid_t pid), void *arg);

/* Does the process exist and is it not exiting? */
bool session_is_alive(pid_t pid);

#endif
