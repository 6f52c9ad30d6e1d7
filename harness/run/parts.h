/*
 * parts - what one run consists of, each part with its owner; private to run/.
 *
 * The room's files from the top down, each of which includes from those below it
 * only (tests/check/room-run, kept by tests/check/arrows):
 *
 *   run        sets up and tears down
 *   machine    takes in all events, enters the phases, owns deadline and cancel
 *   phases     the table, and phase_*.c with what each phase does: events in, next phase out
 *   life       one life of the server: start, readiness, end
 *   findings   reads what the verdict rests on
 *   checks     looks at even intervals whether cap, group, port and disk are as they should be
 *   the rest   parts that know of no run
 *
 * A new phase is a name in enum phase_id, a row in phases.c at the same place, and a file.
 */
#ifndef OOMRIG_RUN_PARTS_H
#define OOMRIG_RUN_PARTS_H

#include <stdbool.h>
#include <uv.h>

#include "base/ending.h"
#include "http/http.h"
#include "isolation/isolation.h"
#include "judge/judge.h"
#include "load/load.h"
#include "observe/kernel_log.h"
#include "observe/sampler.h"
#include "record/store.h"
#include "report/progress.h"
#include "run/alloc_words.h"
#include "run/broken_requests.h"
#include "run/folders.h"
#include "run/gather.h"
#include "run/maintenance.h"
#include "run/rounds.h"
#include "run/run.h"
#include "run/squeeze.h"
#include "run/warming.h"
#include "run/undo.h"
#include "target/target.h"

/* In the order of a run in which nobody dies; those behind PHASE_SQUEEZE are not in that line. */
enum phase_id {
	PHASE_STAY = -1,     /* no phase: the run stays where it is */
	PHASE_START,	     /* spawn, readiness, login */
	PHASE_PREPARE,	     /* objects for downloads, group after group */
	PHASE_WARM_UP,	     /* idle after a round of a small load, and before the first */
	PHASE_COLLECT_FIRST, /* garbage of the start asked back, or the baseline would hold it */
	PHASE_BASELINE,	     /* idle */
	PHASE_LOAD,
	PHASE_SETTLE,	     /* idle */
	PHASE_COLLECT_ROUND, /* garbage asked back, where the server can be asked; then the next round */
	PHASE_READ_BACK,     /* every acknowledged upload once more */
	PHASE_SETTLE_LAST,   /* idle: what the read-back took has time to go */
	PHASE_COLLECT_LAST,
	PHASE_SQUEEZE, /* page cache asked back */
	PHASE_WARM_UP_ROUND,
	PHASE_WARM_UP_CUT,   /* a round took too long */
	PHASE_PREPARE_DOUBT, /* a preparation failed: has the server ended? */
	/* the load goes on while the server is started again (on_crash: restart) */
	PHASE_LOAD_DOWN,  /* until the kernel log has told of the first kill */
	PHASE_LOAD_AGAIN, /* until the server is ready */
	PHASE_LOAD_ON,
	PHASE_LOAD_CUT,	  /* the load did not end in time */
	PHASE_LOAD_DOUBT, /* its last requests broke: has the server ended? */
	/* the load is over, and what was acknowledged is read once more after a death */
	PHASE_AFTERMATH, /* what runs of the load is cut */
	PHASE_AFTERMATH_DOWN,
	PHASE_AFTERMATH_AGAIN,
	PHASE_AFTERMATH_READ,
	PHASE_AFTERMATH_DOUBT, /* the last reading broke off: has the server ended? */
	/* from here on nothing leads back */
	PHASE_STOP,	/* load cut, server ended */
	PHASE_STOP_LOG, /* the kernel log has yet to tell of a kill */
	PHASE_DONE,
	PHASES
};

/* Where the run is; written by machine.c alone. */
struct schedule {
	enum phase_id now;
	enum phase_id span; /* the row by whose name the record has it; parts of a phase have no name of their own */
	const char *name;   /* that name; NULL: not begun, or over */
	bool stopping;	    /* PHASE_STOP was entered */
	struct span {
		const char *name;	   /* NULL: not entered */
		uint64_t start_ns, end_ns; /* since origin; of several times the first start and the last end */
	} spans[PHASES];
};

/* All at the server's first start. */
struct clocks {
	uint64_t origin_ns; /* clock_ns() */
	uint64_t origin_boot_ns, origin_wall_ns;
};

/*
 * One life of the server, from its start to its end; written by life.c.  A later one
 * has facts of its own: what is seen of it changes no verdict of the first.
 */
struct life {
	unsigned number;     /* from 1 */
	struct facts *facts; /* the run's own in the first life; those of later lives are in one place */
	bool running;	     /* spawned and not exited */
	bool up;	     /* in its group: the trampoline has become the server, which has not ended */
	struct fact ready_ns;
	uint64_t kills_before;		/* in the group's counter, of earlier lives */
	uint64_t died_ns;		/* clock_ns() of the end of the one before; 0: this is the first */
	struct maintenance maintenance; /* its own passes of maintenance */
	uint64_t port_looks;		/* at who listens on its port */
	struct load_totals at_oom;	/* what was under way when the OOM event fired */
	uint64_t at_oom_ns;		/* 0: it did not */
};

/* Where the load stands. */
struct load_books {
	bool running;		   /* a start whose end has not been told */
	size_t prepared;	   /* prepare groups started */
	uint64_t began_ns;	   /* since origin, of the load itself; 0: it never did */
	uint64_t until_ns;	   /* clock_ns() of its deadline */
	bool over;		   /* between two rounds, and after the last */
	struct load_totals before; /* totals when the load began */
	struct load_totals round;  /* when the round began */
	struct load_totals after;  /* when the load had ended: the read-back is not in it */
	struct broken_requests broken;
	struct buf row; /* scratch for csv lines */
};

/* What a reading after a death has found; objects_found.c. */
struct objects_found {
	struct load_totals before;  /* when it began */
	struct load_request broken; /* the last object broke off: it counts unless the server's end is the reason */
	bool has_broken;
	bool torn; /* the first death broke the scenario's own read-back off: that one object shows no loss */
};

/* What is read once, before the rig ends the server; findings.c. */
struct findings {
	bool sealed;	      /* all but the kernel log */
	bool kernel_log_read; /* into the facts */
	unsigned kernel_log_waits;
};

/* Asking the server to collect its garbage; phase_collect.c. */
struct collecting {
	unsigned answered; /* requests of this phase */
	bool looking;	   /* at memory, after an answer */
	unsigned looks;	   /* after the last answer */
	uint64_t level;	   /* at the last of these */
};

/* Of the server's own figures in app.jsonl. */
struct figures_written {
	uint64_t bytes, dropped_bytes;
};

struct run {
	const struct scenario *scenario; /* borrowed, or the next one */
	struct scenario patient;	 /* the same with the deadlines of a slow machine; patience.h */
	const struct run_options *options;
	char *self_exe, *log_path;

	uv_loop_t loop;
	uv_timer_t tick, deadline;
	uv_async_t oom_async, user_async, squeeze_async;
	struct ending_party user;
	unsigned ticks;

	struct undo undo;
	struct folders folders;
	struct isolation *isolation;
	struct http_client *http;
	struct target *target;
	struct load *load;
	struct sampler *sampler;
	struct kernel_log kernel_log;
	struct progress *progress;
	struct store_run store;

	struct schedule schedule;
	struct clocks clocks;
	struct life life;
	struct load_books books;
	struct rounds rounds;
	struct warming warming;
	struct squeeze squeeze;
	struct collecting collecting;
	struct objects_found found;
	struct findings findings;
	struct alloc_words alloc_words; /* fed by the thread that carries the log */
	struct figures_written figures;

	struct gather gather;
	struct facts facts;	  /* the verdict's: of the first life, and of the run as a whole */
	struct facts later_facts; /* of all later lives together */
	struct verdict verdict;
};

/* ns since the server's first start. */
uint64_t run_elapsed_ns(const struct run *r);

/* The rig cannot go on, which makes the run invalid: the first reason counts. */
void run_note_fault(struct run *r, const struct error *err);

#endif
