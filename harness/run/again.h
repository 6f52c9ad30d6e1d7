/*
 * again - what follows when the server has died and the scenario's on_crash says
 * more than stop: it is started again, for the read-back of what it had
 * acknowledged (the state "aftermath") or for the load to go on.  The evidence
 * of the first death is frozen before that.  Private to run/.
 *
 *   read-back: death -> frozen -> load cut -> started -> ready -> read -> stop
 *   restart:   death -> frozen -> started -> ready … the load goes on; when it
 *              is over, groups with read_back are read (after one more death,
 *              once more) -> stop
 *
 * A step that fails ends the run with what is known, never the verdict.
 */
#ifndef OOMRIG_RUN_AGAIN_H
#define OOMRIG_RUN_AGAIN_H

#include <uv.h>

#include "facts/facts.h"
#include "load/load.h"
#include "run/lost.h"
#include "target/target.h"

struct run;

enum again_step { AGAIN_NONE, AGAIN_DRAIN, AGAIN_START, AGAIN_READ };

struct again {
	enum again_step step;
	uv_timer_t timer; /* until the kernel log has told of the first kill, or a last end may come */
	bool kernel_log_read;
	uint64_t death_ns;    /* clock_ns() of the last end */
	uint64_t kills;	      /* the group's counter at that end */
	struct fact ready_ns; /* of the present life */
	struct lost lost;
	struct load_totals before;  /* totals when the read-back began */
	struct load_request broken; /* broke off in a read-back: of the object's making, unless the server has died */
	bool has_broken;
};

void again_init(struct run *r);
void again_close(struct run *r);

/* After an end that the rig had not asked for.  False: the run is over. */
bool again_after_exit(struct run *r, const struct target_exit *exit);
void again_ready(struct run *r);
void again_failed(struct run *r, const struct error *err);

/* The state "aftermath". */
void again_enter(struct run *r);
void again_load_finished(struct run *r);
void again_deadline(struct run *r);

/* A request has ended.  True: its row is written later. */
bool again_request(struct run *r, const struct load_request *request);
/* Rows whose fate is known. */
void again_release(struct run *r, bool all);
/* Sums up, before the verdict. */
void again_finish(struct run *r);

#endif
