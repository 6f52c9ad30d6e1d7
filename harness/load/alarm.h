/*
 * alarm - a timer that calls one function once, at a time of clock_ns() and not
 * before it.
 *
 * Life cycle: alarm_init(), then alarm_set() and alarm_stop() as often as
 * needed, alarm_close(); its memory stays until the handles it counts in are all
 * closed.  Loop thread only.
 */
#ifndef OOMRIG_LOAD_ALARM_H
#define OOMRIG_LOAD_ALARM_H

#include <stdint.h>
#include <uv.h>

#include "load/handles.h"

struct alarm {
	uv_timer_t timer;
	struct handles *handles; /* borrowed */
	void (*wake)(void *arg);
	void *arg;
};

void alarm_init(struct alarm *a, uv_loop_t *loop, struct handles *handles);

/* Calls wake(arg) from the loop; what was set before is forgotten.  A time that has passed, such as 0, means soon. */
void alarm_set(struct alarm *a, uint64_t t_ns, void (*wake)(void *arg), void *arg);
void alarm_stop(struct alarm *a);
void alarm_close(struct alarm *a);

#endif
