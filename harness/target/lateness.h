/*
 * lateness - by how much the rig's own loop has been late: a timer that should
 * fire every 50 ms says so.  Whatever kept the loop (a starved or stopped
 * process, a machine that was suspended, work of our own) also kept probes
 * waiting, and that part of their time is not the server's.
 *
 * Life cycle: lateness_init(), lateness_begin() … lateness_end() as often as
 * wanted, lateness_close().  Loop thread only.
 */
#ifndef OOMRIG_TARGET_LATENESS_H
#define OOMRIG_TARGET_LATENESS_H

#include <stdint.h>
#include <uv.h>

struct lateness {
	uv_timer_t timer;
	uint64_t due_ns; /* 0: not under way */
	uint64_t total_ns, longest_ns;
};

void lateness_init(struct lateness *l, uv_loop_t *loop);
void lateness_begin(struct lateness *l);
void lateness_end(struct lateness *l);
/* Together since lateness_init(), what is under way included: the difference of two readings is the part between. */
uint64_t lateness_total_ns(const struct lateness *l);
uint64_t lateness_longest_ns(const struct lateness *l);
void lateness_close(struct lateness *l, uv_close_cb closed);

#endif
