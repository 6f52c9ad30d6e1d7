/*
 * internal - what the parts of the target share.  Not for other modules.
 *
 *   target.c  the life of the process: start, exit, stop     ready.c  readiness, then login
 *   launch.c  what it is started with (a module of its own)  watch.c  health, debug figures, collection
 *   port.c    who listens where the load goes (a module of its own)
 */
#ifndef OOMRIG_TARGET_INTERNAL_H
#define OOMRIG_TARGET_INTERNAL_H

#include "target/lateness.h"
#include "target/launch.h"
#include "target/port.h"
#include "target/probe.h"
#include "target/relay.h"
#include "target/target.h"

/* From one start to its exit; closed by itself once that was reported. */
struct target_life {
	struct target *target;
	uv_process_t process;
	uv_pipe_t exec_pipe; /* what the trampoline has to say */
	int open;	     /* of the two handles */
};

struct target {
	struct target_options options;
	const struct server_spec *spec; /* borrowed from the scenario */
	struct launch launch;
	struct port port;
	struct target_access access;

	struct target_life *life; /* NULL: before the start and after the exit */
	pid_t pid;		  /* of the last start; 0: there was none */
	struct buf exec_error;
	uv_timer_t timer; /* the start and readiness first, then the stop deadline */
	uv_timer_t watch_timer;
	struct lateness lateness; /* while it watches */
	int handles;		  /* the timers and every life that is not closed yet */
	bool exec_known, ready, stopping, exit_seen;
	struct target_exit exit;
	uint64_t ready_deadline_ns;
	struct relay *relay; /* of its log; NULL before the first start */

	struct probe start_probe; /* readiness, then login */
	struct buf not_ready;	  /* the last answer that was none of a ready server, in words */
	struct probe again_probe; /* readiness once more, while the first is not answered */
	struct probe health_probe, debug_probe, collect_probe;
	bool login_sent;
	uint64_t silent_since_ns; /* first health probe without an answer since; 0: none */
	uint64_t late_before_ns;  /* how late the loop had been by then */
	uint64_t longest_silence_ns;

	void (*closed)(void *arg);
	void *closed_arg;
};

/* watch.c: nothing is watched from here on. */
void watch_end(struct target *t);

/* target.c: could not start, or never became ready. */
void target_fail(struct target *t, enum error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ready.c */
int ready_init(struct target *t, struct error *err);
void ready_try(struct target *t);

/* watch.c */
int watch_init(struct target *t, struct error *err);

#endif
