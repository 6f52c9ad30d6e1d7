/*
 * load - the load generator: groups of clients that upload, download, seek or
 * send small requests, all on one libuv loop.  Each group has a libcurl multi
 * handle of its own, so that clients of two groups share no connection, and its
 * connections are closed when its last client has ended.
 *
 * Life cycle: load_new(); for each phase load_start() with its groups, then
 * wait for callbacks.finished (or load_stop(), which cuts what runs and still
 * calls finished, from the loop); load_close().  Objects uploaded in one phase
 * are known to the next.  Loop thread only; nothing blocks.  load_start() may be
 * called from finished; load_stop() from request_done.
 *
 * What a client does next, by kind: an upload sends the group's sizes in turn;
 * a download reads the acknowledged objects in turn, waiting up to 30 s for the
 * first one while uploads of the same phase go on; a seek opens an object at 0
 * and jumps, asking for an open-ended range each time and hanging up when its
 * window was read, as video players do.  start counts from load_start(), stagger
 * and duration from the group's start.  A transfer that failed is done, and the
 * client goes on after at least 100 ms; one that got no connection waits for it first, see patience.h.  Clients that
 * stall for ever are cut when nobody else is left and their own group's duration, if any, is over.
 *
 * Memory is flat: payloads are generated into curl's own buffer, answers are
 * verified as they arrive and dropped; what is kept per transfer is its record
 * (handed out and forgotten) and per upload that was acknowledged, or never
 * answered where the client names objects, about 100 bytes.
 */
#ifndef OOMRIG_LOAD_LOAD_H
#define OOMRIG_LOAD_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/request.h"
#include "load/latency.h"
#include "load/objects.h"
#include "load/outcome.h"
#include "load/own_cpu.h"
#include "load/plan.h"
#include "load/tally.h"
#include "scenario/scenario.h"

struct load_callbacks {
	void *arg;
	void (*request_done)(void *arg, const struct load_request *request); /* record valid during the call */
	void (*finished)(void *arg); /* every group has ended; once per load_start */
};

struct load;
int load_new(struct load **out, uv_loop_t *loop, const struct target_access *access, uint64_t seed,
	     const struct load_callbacks *callbacks, struct error *err);

/* Starts all groups at once (their own start delays apply).  groups are borrowed until load_close(). */
int load_start(struct load *l, const struct load_group *groups, size_t count, struct error *err);

/* How many objects are in that scope. */
void load_objects(const struct load *l, enum read_back_scope scope, uint64_t *acknowledged, uint64_t *unanswered);

/*
 * Reads the objects in that scope once more, one at a time, and verifies them; ends with finished.  An object that is
 * refused, breaks off or differs is VERIFY_CORRUPT; one the server did not answer for at all is only END_TRANSPORT and
 * not checked; so is one that nobody acknowledged, unless it is whole.  Records carry the uploading group and client.
 */
int load_start_read_back(struct load *l, enum read_back_scope scope, struct error *err);

/* Cuts every transfer, from the loop; each is recorded as END_CUT (END_STALLED if it was stalled), then finished. */
void load_stop(struct load *l);

/* It is: no transfer is begun, and none is spent.  It may be up again: what waits is tried. */
void load_server_down(struct load *l, bool down);

void load_totals(const struct load *l, struct load_totals *out);
/* The groups of the last load_start(), or the read-back once that was started. */
size_t load_progress(const struct load *l, struct load_group_progress *out, size_t max);

/*
 * Latency of one group of the last load_start() (intended start to end, so that
 * waiting behind a stall counts) over its transfers that were ok, NULL past the last.
 */
const struct latency *load_group_latency(const struct load *l, size_t group);

/* Our own CPU: was the generator the bottleneck? */
void load_self(const struct load *l, struct load_self *out);

/* Cuts what still runs without records or finished. */
void load_close(struct load *l, void (*closed)(void *arg), void *arg);

#endif
