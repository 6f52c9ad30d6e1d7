/*
 * own_cpu - how much of a core the thread of the load used or waited for: was
 * the generator itself what limited the load?
 *
 * Life cycle: own_cpu_init(); own_cpu_start() and own_cpu_stop() around each
 * phase; own_cpu_close().  Its memory stays until the handles it counts in are
 * all closed.  Loop thread only: it measures the thread that calls it.
 */
#ifndef OOMRIG_LOAD_OWN_CPU_H
#define OOMRIG_LOAD_OWN_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "load/handles.h"

struct load_self {
	uint64_t cpu_ns, wall_ns;	 /* of the loop thread, over the phases so far */
	uint64_t loop_busy_max_permille; /* busiest 100 ms: share of a core used by the loop thread */
	bool bottleneck;  /* the loop thread used a core, or waited for one, for >= 90 % of >= half of the load */
	char reason[128]; /* in words, "" when not */
};

struct own_cpu {
	uv_timer_t timer;
	struct handles *handles;
	bool running;
	uint64_t phase_wall_ns, phase_cpu_ns;	/* start of the phase */
	uint64_t window_wall_ns, window_cpu_ns; /* start of the window */
	uint64_t window_waited_ns;
	int schedstat_fd;	      /* -1: this kernel does not tell how long a thread waits */
	uint64_t wall_ns, cpu_ns;     /* of finished phases */
	uint64_t windows_ns, busy_ns; /* time in all windows, in those at >= 90 % */
	uint64_t starved_ns;	      /* of the busy ones, those in which it waited more than it ran */
	uint64_t max_permille;
};

void own_cpu_init(struct own_cpu *m, uv_loop_t *loop, struct handles *handles);
void own_cpu_start(struct own_cpu *m);
void own_cpu_stop(struct own_cpu *m);
void own_cpu_read(const struct own_cpu *m, struct load_self *out);
void own_cpu_close(struct own_cpu *m);

#endif
