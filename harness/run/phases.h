/*
 * phases - what a run does from its start to its verdict.  Each phase is a row of
 * phase_rows, whose functions are told what has happened and return the phase that
 * follows; machine.c alone calls them, and acts on what they return.
 *
 *   start -> prepare -> warm-up -> collect -> baseline -> load -> settle -> collect -> (load
 *   again, with rounds) -> read-back -> settle -> collect -> squeeze -> stop
 *
 * A phase with nothing to do goes on to the next at once.  Any may lead to stop: the server died, the rig failed, the
 * user interrupted, a deadline passed.  After a death the scenario's on_crash may say more than that:
 *
 *   read-back: death -> aftermath: load cut -> started again -> read -> stop
 *   restart:   death -> load: started again while the load goes on; when it is over,
 *              aftermath: groups with read_back are read (after one more death, once
 *              more) -> stop
 *
 * Main thread; private to run/.
 */
#ifndef OOMRIG_RUN_PHASES_H
#define OOMRIG_RUN_PHASES_H

#include "run/parts.h"

enum event_kind {
	EVENT_DEADLINE,	  /* the phase has lasted as long as it may */
	EVENT_CANCEL,	  /* the user, or a check: there is nothing to go on for */
	EVENT_LOAD_ENDED, /* what load_start() or load_start_read_back() began */
	EVENT_READY,
	EVENT_FAILED, /* the server could not start, or never became ready */
	EVENT_EXITED,
	EVENT_COLLECTED, /* an answer to target_collect() */
	EVENT_SQUEEZED,
};

struct event {
	enum event_kind kind;
	const struct target_exit *exit; /* EVENT_EXITED */
	const struct error *err;	/* EVENT_COLLECTED, NULL: well */
};

struct phase {
	const char *name;      /* in the record; NULL: that of another one, of which this is a part */
	enum phase_id part_of; /* that one */
	/* Instead of it: the phase that follows, PHASE_STAY to enter it.  NULL: it is always entered. */
	enum phase_id (*skip)(struct run *r);
	enum phase_id (*enter)(struct run *r);
	/* NULL: phase_default().  What the server has told is entered in its life before. */
	enum phase_id (*on_event)(struct run *r, const struct event *event);
	uint64_t (*deadline_ns)(const struct run *r); /* from now, asked after enter() */
	unsigned afterlife; /* bits 1 << enum on_crash: a first death in this phase is not the end of the run */
};
extern const struct phase phase_rows[PHASES];

/* The phase by whose name the record has this one: itself, or the one that it is a part of. */
enum phase_id phase_span(enum phase_id id);

/* ---- for phase_*.c ------------------------------------------------------ */

/* What an event means wherever a phase has no other use for it. */
enum phase_id phase_default(struct run *r, const struct event *event);

/* The phase of the next row of the table; after the squeeze, the stop. */
enum phase_id phase_next(const struct run *r);

/* Notes that the rig cannot go on, and why; the run then stops. */
enum phase_id phase_fail(struct run *r, const struct error *err);

/* Starts what ends with EVENT_LOAD_ENDED, and stays; or fails. */
enum phase_id phase_start_load(struct run *r, const struct load_group *groups, size_t count);
enum phase_id phase_start_read_back(struct run *r, enum read_back_scope scope);

/* Waits 20 ms, a few times at most, while the kernel log has not told of the kill yet; then the phase `then`. */
enum phase_id phase_await_kernel_log(struct run *r, enum phase_id then);

/* The load, or a round of it, is over: what comes later is not in its totals.  Once for each; nothing before it began.
 */
void phase_close_books(struct run *r);

/* Deadlines. */
uint64_t phase_scenario_deadline_ns(const struct run *r);
uint64_t phase_readiness_deadline_ns(const struct run *r);
uint64_t phase_kernel_log_deadline_ns(const struct run *r);
uint64_t phase_cut_deadline_ns(const struct run *r);   /* of what is cut by ourselves */
uint64_t phase_doubt_deadline_ns(const struct run *r); /* connections break before the end is seen */

/* ---- the functions of the rows ------------------------------------------ */

enum phase_id phase_start_enter(struct run *r);
enum phase_id phase_start_event(struct run *r, const struct event *event);

enum phase_id phase_prepare_enter(struct run *r);
enum phase_id phase_prepare_event(struct run *r, const struct event *event);
enum phase_id phase_prepare_doubt_event(struct run *r, const struct event *event);

enum phase_id phase_warm_up_skip(struct run *r);
enum phase_id phase_warm_up_event(struct run *r, const struct event *event);
uint64_t phase_warm_up_deadline_ns(const struct run *r);
enum phase_id phase_warm_up_round_enter(struct run *r);
enum phase_id phase_warm_up_round_event(struct run *r, const struct event *event);
uint64_t phase_warm_up_round_deadline_ns(const struct run *r);
enum phase_id phase_warm_up_cut_enter(struct run *r);
enum phase_id phase_warm_up_cut_event(struct run *r, const struct event *event);

enum phase_id phase_collect_skip(struct run *r);
enum phase_id phase_collect_enter(struct run *r);
enum phase_id phase_collect_event(struct run *r, const struct event *event);
uint64_t phase_collect_deadline_ns(const struct run *r);

enum phase_id phase_baseline_enter(struct run *r);
enum phase_id phase_settle_last_skip(struct run *r);
enum phase_id phase_settle_enter(struct run *r);
enum phase_id phase_idle_event(struct run *r, const struct event *event);
uint64_t phase_baseline_deadline_ns(const struct run *r);
uint64_t phase_settle_deadline_ns(const struct run *r);

enum phase_id phase_load_enter(struct run *r);
enum phase_id phase_load_down_enter(struct run *r);
enum phase_id phase_load_again_enter(struct run *r);
enum phase_id phase_load_cut_enter(struct run *r);
enum phase_id phase_load_doubt_enter(struct run *r);
enum phase_id phase_load_event(struct run *r, const struct event *event);
enum phase_id phase_load_down_event(struct run *r, const struct event *event);
enum phase_id phase_load_doubt_event(struct run *r, const struct event *event);
uint64_t phase_load_deadline_ns(const struct run *r);

enum phase_id phase_read_back_enter(struct run *r);
enum phase_id phase_read_back_event(struct run *r, const struct event *event);

enum phase_id phase_squeeze_enter(struct run *r);
enum phase_id phase_squeeze_event(struct run *r, const struct event *event);

enum phase_id phase_aftermath_enter(struct run *r);
enum phase_id phase_aftermath_event(struct run *r, const struct event *event);
enum phase_id phase_aftermath_down_enter(struct run *r);
enum phase_id phase_aftermath_down_event(struct run *r, const struct event *event);
enum phase_id phase_aftermath_again_enter(struct run *r);
enum phase_id phase_aftermath_again_event(struct run *r, const struct event *event);
enum phase_id phase_aftermath_read_enter(struct run *r);
enum phase_id phase_aftermath_read_event(struct run *r, const struct event *event);
enum phase_id phase_aftermath_doubt_event(struct run *r, const struct event *event);
uint64_t phase_aftermath_doubt_deadline_ns(const struct run *r);

enum phase_id phase_stop_enter(struct run *r);
enum phase_id phase_stop_event(struct run *r, const struct event *event);
uint64_t phase_stop_deadline_ns(const struct run *r);
enum phase_id phase_stop_log_enter(struct run *r);
enum phase_id phase_stop_log_event(struct run *r, const struct event *event);
enum phase_id phase_done_enter(struct run *r);

#endif
