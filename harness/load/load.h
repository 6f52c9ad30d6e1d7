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
 * client goes on after at least 100 ms.  Clients that stall for ever are cut when
 * nobody else is left and their own group's duration, if any, is over.
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
#include "load/found.h"
#include "load/latency.h"
#include "scenario/scenario.h"
#include "http/request.h"

enum request_kind { REQUEST_UPLOAD, REQUEST_DOWNLOAD, REQUEST_RANGE, REQUEST_OTHER, REQUEST_READ_BACK };
extern const char *const request_kind_names[];

enum request_verdict { VERIFY_NOT_CHECKED, VERIFY_OK, VERIFY_CORRUPT };

/* How a transfer ended; "vanished", "stalled" and "cut" were our own doing and are no failures. */
enum request_end { END_OK, END_STATUS, END_TRANSPORT, END_VANISHED, END_STALLED, END_CUT };
extern const char *const request_end_names[];

/* One finished transfer: a row of requests.csv.  Times are clock_ns(), 0 where the point was not reached. */
struct load_request {
	uint64_t sequence;
	const char *group; /* borrowed from the scenario */
	unsigned client;
	enum request_kind kind;
	enum request_end end;
	long status;	     /* HTTP status, 0 when none came */
	uint64_t object;     /* number of the object, see load_object */
	uint64_t offset;     /* of a range */
	uint64_t size_bytes; /* body meant to be sent or received */
	uint64_t sent_bytes; /* body bytes handed to the socket (form and chunk framing not counted) */
	uint64_t received_bytes;
	uint64_t intended_ns; /* when it should have started (open model); else = started_ns */
	uint64_t started_ns, connected_ns, first_byte_ns, finished_ns;
	enum request_verdict verify;
	uint64_t corrupt_at;	 /* first wrong offset when VERIFY_CORRUPT */
	enum object_found found; /* by a read-back … */
	bool acknowledged;	 /* … of an upload that was acknowledged; false: never answered */
	int curl_code;		 /* CURLcode */
	char error[160];	 /* curl's or the answer's text, "" when none */
};

/* Over all phases so far. */
struct load_totals {
	/* started = ok + failed + cut + in_flight.  ok: as asked, not corrupt; cut: vanished, stalled or cut by us */
	uint64_t started, ok, failed, cut;
	uint64_t in_flight;
	/* Body bytes; of transfers under way what curl took, which is up to a buffer (512 KiB) ahead of the socket. */
	uint64_t sent_bytes, received_bytes;
	uint64_t acknowledged_bytes; /* of uploads answered with success */
	uint64_t acknowledged_objects;
	uint64_t verified_bytes; /* received and compared equal */
	uint64_t corrupt;	 /* transfers whose bytes were wrong, missing or too many; counted in failed too */
	uint64_t sent_in_flight_bytes; /* of uploads not answered yet */
};

struct load_group_progress {
	const char *name;
	uint64_t done_bytes;	 /* sent or received so far */
	uint64_t expected_bytes; /* 0: unknown (until duration) */
	uint64_t done, expected; /* transfers; expected 0: unknown */
	uint64_t in_flight, failed;
	bool finished;
};

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

enum read_back_scope {
	READ_BACK_ASKED, /* what was acknowledged to groups with read_back */
	READ_BACK_ALL,	 /* whatever was acknowledged, then what was never answered and whose name is known */
};

/* How many objects that are. */
void load_objects(const struct load *l, enum read_back_scope scope, uint64_t *acknowledged, uint64_t *unanswered);

/*
 * Reads these objects once more, one at a time, and verifies them; ends with finished.  An object that is refused,
 * breaks off or differs is VERIFY_CORRUPT; one the server did not answer for at all is only END_TRANSPORT and not
 * checked; so is one that nobody acknowledged, unless it is whole.  Records carry the uploading group and client.
 */
int load_start_read_back(struct load *l, enum read_back_scope scope, struct error *err);

/* Cuts every transfer, from the loop; each is recorded as END_CUT (END_STALLED if it was stalled), then finished. */
void load_stop(struct load *l);

void load_totals(const struct load *l, struct load_totals *out);
/* The groups of the last load_start(), or the read-back once that was started. */
size_t load_progress(const struct load *l, struct load_group_progress *out, size_t max);

/*
 * Latency of one group of the last load_start() (intended start to end, so that
 * waiting behind a stall counts) over its transfers that were ok, NULL past the last.
 */
const struct latency *load_group_latency(const struct load *l, size_t group);

/* Our own CPU: was the generator the bottleneck? */
struct load_self {
	uint64_t cpu_ns, wall_ns;	 /* of the loop thread, over the phases so far */
	uint64_t loop_busy_max_permille; /* busiest 100 ms: share of a core used by the loop thread */
	bool bottleneck;  /* the loop thread used a core, or waited for one, for >= 90 % of >= half of the load */
	char reason[128]; /* in words, "" when not */
};
void load_self(const struct load *l, struct load_self *out);

/* Cuts what still runs without records or finished. */
void load_close(struct load *l, void (*closed)(void *arg), void *arg);

#endif
