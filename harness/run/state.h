/*
 * state - what one run knows while it runs; private to run/.
 *
 * run.c sets up and tears down, states.c moves between the states, told.c is what
 * the user, the kernel, the load and the server tell, watch.c looks by itself at even
 * intervals, undo.c takes away at once what the run has made, again.c starts a dead server again, finish.c ends a run
 * and turns what is left into facts, record.c writes what is known into the record.
 */
#ifndef OOMRIG_RUN_STATE_H
#define OOMRIG_RUN_STATE_H

#include <stdbool.h>
#include <uv.h>

#include "base/ending.h"
#include "http/http.h"
#include "isolation/isolation.h"
#include "judge/judge.h"
#include "load/load.h"
#include "observe/kernel_log.h"
#include "observe/sampler.h"
#include "report/progress.h"
#include "run/again.h"
#include "run/alloc_words.h"
#include "run/folders.h"
#include "run/gather.h"
#include "run/passes.h"
#include "run/rounds.h"
#include "run/run.h"
#include "run/undo.h"
#include "record/store.h"
#include "target/target.h"

enum run_state {
	RUN_START,	   /* spawn, readiness, login */
	RUN_PREPARE,	   /* objects for downloads, group after group */
	RUN_COLLECT_FIRST, /* garbage of the start asked back, or the baseline would hold it */
	RUN_BASELINE,	   /* idle */
	RUN_LOAD,
	RUN_SETTLE,    /* idle */
	RUN_COLLECT,   /* garbage asked back, where the server can be asked */
	RUN_READ_BACK, /* every acknowledged upload once more */
	RUN_SQUEEZE,   /* page cache asked back */
	RUN_AFTERMATH, /* after a death: started again, what was acknowledged once more */
	RUN_STOP,      /* load cut, server ended */
	RUN_DONE,
	RUN_STATES
};
extern const char *const run_state_names[RUN_STATES];

struct run_phase {
	uint64_t start_ns, end_ns; /* since origin; both 0: not entered */
};

struct run {
	const struct scenario *scenario; /* borrowed */
	const struct run_options *options;
	char *self_exe, *log_path;

	uv_loop_t loop;
	uv_timer_t tick, deadline;
	uv_async_t oom_async, user_async;
	struct ending_party user;
	struct undo undo;
	uv_work_t squeeze_work;
	enum run_state after_collect;
	bool squeezing;
	struct error squeeze_error;
	bool squeezed;
	struct isolation_final after_squeeze;

	struct http_client *http;
	struct isolation *isolation;
	struct folders folders;
	struct target *target;
	struct load *load;
	struct sampler *sampler;
	struct kernel_log kernel_log;
	struct progress *progress;
	struct store_run store;

	enum run_state state;
	struct run_phase phases[RUN_STATES];
	size_t prepared;     /* prepare groups started */
	bool load_running;   /* a load_start() whose finished has not come */
	bool target_running; /* spawned and not exited */
	bool server_up;	     /* in its group: the trampoline has become the server, which has not ended */
	bool stopping, finished;
	bool frozen; /* facts of the first death are complete: what follows does not touch them */
	struct again again;
	unsigned ticks;
	unsigned kernel_log_waits;
	uint64_t port_looks; /* at who listens on the server's port */

	uint64_t origin_ns;			 /* clock_ns() of the server's start */
	uint64_t origin_boot_ns, origin_wall_ns; /* the other clocks then */
	struct gather gather;
	struct facts facts;
	struct rounds rounds;
	struct alloc_words alloc_words; /* fed by the thread that carries the log */
	struct passes passes;
	bool load_over;			 /* between two rounds, and after the last */
	bool read_torn;			 /* the server's end broke a read-back off: that one shows no loss */
	struct load_totals before_round; /* totals when the round began */
	struct load_totals before_load;	 /* totals when the load phase began */
	struct load_totals after_load;	 /* and when it had ended; the read-back is not in it */
	struct load_totals at_oom;	 /* totals when the OOM event fired */
	uint64_t at_oom_ns;		 /* 0: it did not */
	struct verdict verdict;
	uint64_t app_bytes, app_dropped_bytes; /* of the server's own figures: written, left out */
	struct buf row;			       /* scratch for csv lines */
};

/* ns since the server's start. */
uint64_t run_elapsed_ns(const struct run *r);

/* The rig cannot go on: recorded, and the run ends as invalid. */
void run_fail(struct run *r, const struct error *err);

/* A row of requests.csv; death: which one took the request with it, from 1, 0: none. */
void run_write_row(struct run *r, const struct load_request *request, const char *phase, unsigned death);

/* states.c */
void run_enter(struct run *r, enum run_state state);
void run_enter_stop(struct run *r); /* from any state; a second time: nothing */
void run_enter_aftermath(struct run *r);
void run_enter_collect(struct run *r, enum run_state next); /* next at once where the server cannot be asked */
void run_collected(struct run *r, const struct error *err);
/* When the state the run is in has lasted long enough; one at a time. */
void run_set_deadline(struct run *r, uint64_t ns);

/* told.c */
void told_by_user_first(void *arg); /* on the thread of base/ending.h */
void told_by_user(uv_async_t *async);
void told_of_oom_by_sampler(
	void *arg); /* on the sampler's thread: uv_async_send() is the one libuv call that is safe there */
void told_of_oom(uv_async_t *async);
struct load_callbacks told_by_load(struct run *r);
struct target_callbacks told_by_target(struct run *r);

/* watch.c */
void watch_tick(uv_timer_t *timer);
void watch_drain(struct run *r); /* samples taken so far go to gather and samples.csv */
/* Once seen otherwise, it stays so; of later lives in facts of their own, which change no verdict. */
void watch_membership(struct run *r); /* every process of the server in its group? */
void watch_cap(struct run *r);	      /* still the cap of the start? */
void watch_division(struct run *r);   /* has the server made groups below its own?  Then it is outside as well */
/* Does the group hold the server's port?  false: a stranger does, and there is nothing to go on for. */
bool watch_port(struct run *r);
void watch_port_or_stop(struct run *r);
void watch_port_unseen(struct run *r); /* before the end: nobody listened, and yet requests were answered */
void watch_disk(struct run *r);	       /* the disk under the data full?  Once seen full, it stays so in the facts */
/* A point of the series of a load without rounds: by the tick, and once at its end. */
void watch_point(struct run *r, void (*note)(struct gather *, uint64_t t_ns, uint64_t requests, uint64_t bytes));

/* finish.c */
void finish_begin(struct run *r); /* reads what must be read before our own signals, then sends them */
void finish_check(struct run *r); /* called when the load or the server has ended; goes on when both have */
void finish_note_exit(struct run *r, const struct target_exit *exit);
void finish_freeze(struct run *r); /* reads all that the verdict rests on but the kernel log */
/* Is there a kill by the counter that the kernel log has not told of yet?  A few times yes at most. */
bool finish_kernel_log_late(struct run *r);
void finish_read_kernel_log(struct run *r); /* into the facts */

/* record.c: keys of run.json. */
void record_begin(struct run *r);
void record_isolation(struct run *r);
void record_progress(struct run *r); /* phases and facts so far */
void record_phase(struct run *r);    /* the same, and into the file: should the rig be killed */
void record_death(struct run *r);    /* once the kernel log has told of the first, before it tells of later ones */
void record_end(struct run *r);	     /* verdict, load, sampler */

#endif
