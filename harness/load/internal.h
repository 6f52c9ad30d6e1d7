/*
 * internal - what the parts of the load generator share.  Not for other modules.
 *
 *   load.c      phases and the public calls        transfer.c  one transfer, from request to record
 *   group.c     the clients of one load_group      stream.c    its bytes: curl's callbacks
 *   client.c    when a client does what            self.c      our own CPU
 *
 * A client is in exactly one state, and only client.c changes it:
 *
 *   waiting --timer--> sending --curl--> (record) --> waiting … --> ended
 *      the timer of a waiting client is its start, a pause, an arrival or an object it needs;
 *      the timer of a sending client is the added latency, the throttle, or the end of a stall.
 */
#ifndef OOMRIG_LOAD_INTERNAL_H
#define OOMRIG_LOAD_INTERNAL_H

#include <gsl/gsl_rng.h>

#include "http/http.h"
#include "load/load.h"
#include "load/objects.h"
#include "load/pacing.h"

struct transfer {
	enum request_kind kind;
	struct source source;
	uint64_t number;		       /* of the object */
	const char *object_id;		       /* borrowed from the objects; NULL for uploads */
	bool acknowledged;		       /* that object */
	const struct load_group *object_group; /* whose upload it was (reads) or is */
	unsigned object_client;
	uint64_t sequence;
	uint64_t object_bytes; /* its whole size */
	uint64_t offset;       /* where in it the body begins */
	uint64_t wanted;       /* body bytes to send or receive */
	uint64_t done;	       /* of these */
	uint64_t excess;       /* received beyond them */
	uint64_t verified;
	bool corrupt;
	uint64_t corrupt_at; /* when corrupt */
	struct bucket bucket;
	uint64_t intended_ns, started_ns, sent_ns, first_byte_ns; /* sent: given to curl; 0: not yet */
	bool judged;	  /* status and headers of the answer were looked at … */
	bool refused;	  /* … and are not what was asked for */
	bool window_read; /* all that was wanted of an open-ended range; we hang up */
	bool given_up;	  /* we end it, as own_end says */
	enum request_end own_end;
	struct buf answer; /* of uploads, and the start of a refusal */
	char why[160];
};

enum client_state { CLIENT_WAITING, CLIENT_SENDING, CLIENT_ENDED };

struct client {
	struct group_run *group;
	unsigned index;
	enum client_state state;
	uv_timer_t timer;
	void (*wake)(struct client *c);
	uint64_t started;	   /* transfers so far */
	uint64_t turn;		   /* which of the group's transfers this is: picks size and object */
	uint64_t intended_ns;	   /* of the next transfer, 0 in the closed model */
	uint64_t wanting_since_ns; /* waiting for an object to read, else 0 */
	size_t object_index;	   /* GROUP_SEEK: object being watched */
	bool stalled;
	bool unanswered; /* unpaused, and the callback was not called since */
	bool in_curl;	 /* the handle is added */
	bool connected;	 /* the last transfer left its connection open */
	gsl_rng *random; /* GROUP_SEEK */
	struct http_transfer http;
	struct request request;
	struct transfer transfer;
	char curl_error[CURL_ERROR_SIZE];
};

struct group_run {
	struct load *load;
	const struct load_group *group; /* borrowed */
	unsigned ordinal;		/* among all groups of the load */
	bool read_back;
	const struct source_file *file; /* group->file, or NULL */
	struct http_client *http;	/* of its own: clients of two groups share no connection; NULL when over */
	struct client *clients;
	unsigned client_count;
	uint64_t start_ns;
	uint64_t taken;		  /* transfers handed to clients */
	bool over;		  /* duration has passed: nothing new */
	unsigned active, stalled; /* clients */
	uv_timer_t duration_timer;
	struct latency *latency;
	struct load_group_progress progress;
	struct group_run *next; /* all of the load, newest first */
};

struct load {
	uv_loop_t *loop;
	const struct target_access *access; /* borrowed */
	uint64_t seed;
	struct load_callbacks callbacks;
	struct load_totals totals;
	struct objects objects;	   /* acknowledged */
	struct objects unanswered; /* uploads, where the client names objects */
	uint64_t sequence;

	struct group_run *groups; /* all ever started, kept until load_close() for their figures */
	struct group_run **phase; /* those of the last load_start() */
	size_t phase_count;
	struct group_run *reading; /* the read-back, while and after it runs */
	struct load_group read_back_group;
	enum read_back_scope read_back_scope;
	size_t read_back_next; /* see load_read_back_object() */

	bool running, stopping, closing;
	uv_timer_t defer; /* ends phases from the loop, never from inside a callback */
	unsigned open_handles;
	void (*closed)(void *arg);
	void *closed_arg;

	struct self_meter {
		uv_timer_t timer;
		uint64_t phase_wall_ns, phase_cpu_ns;	/* start of the phase */
		uint64_t window_wall_ns, window_cpu_ns; /* start of the window */
		uint64_t window_waited_ns;
		int schedstat_fd;	      /* -1: this kernel does not tell how long a thread waits */
		uint64_t wall_ns, cpu_ns;     /* of finished phases */
		uint64_t windows_ns, busy_ns; /* time in all windows, in those at >= 90 % */
		uint64_t starved_ns;	      /* of the busy ones, those in which it waited more than it ran */
		uint64_t max_permille;
	} self;
};

/* load.c */
/* The next object that is in the scope of the read-back, from number *n on, which is set to it; NULL past the last. */
const struct object *load_read_back_object(const struct load *l, enum read_back_scope scope, size_t *n);
/* For uv_timer_start(): how long from now until t_ns, never too short. */
uint64_t load_delay_ms(struct load *l, uint64_t t_ns);
void load_handle_opened(struct load *l);
void load_handle_closed(struct load *l);
/* Looks, from the loop, whether the phase is over. */
void load_check_end(struct load *l);

/* group.c */
int group_new(struct load *l, const struct load_group *group, bool read_back, struct group_run **out,
	      struct error *err);
void group_start(struct group_run *g);
/* No client is left: closes its connections. */
void group_finished(struct group_run *g);
void group_close(struct group_run *g);
void group_free(struct group_run *g);
/* Transfers of one client, 0 when only the duration ends it. */
uint64_t group_transfers_per_client(const struct load_group *group);
uint64_t group_size_at(const struct group_run *g, uint64_t turn);

/* client.c */
void client_init(struct client *c, struct group_run *g, unsigned index);
void client_start(struct client *c);
/* Calls wake at that time, at the earliest from the loop. */
void client_sleep_until(struct client *c, uint64_t t_ns, void (*wake)(struct client *));
/* The transfer is recorded; what next? */
void client_transfer_done(struct client *c, enum request_end end);
/* From inside curl's callbacks: nothing moves for stall_ns. */
void client_stall(struct client *c);
/* Ends what runs (recorded as end, or END_STALLED when it was stalled) and the client with it. */
void client_cut(struct client *c, enum request_end end);
/* Without a record, for load_close(). */
void client_drop(struct client *c);

/* transfer.c */
void transfer_begin(struct client *c, enum request_kind kind, const struct object *object, uint64_t offset,
		    uint64_t wanted);
/* Takes it from curl and records it. */
void transfer_abort(struct client *c, enum request_end end);
void transfer_release(struct client *c);

/* stream.c */
void stream_attach(struct client *c);
size_t stream_read(char *out, size_t size, size_t count, void *arg);
int stream_seek(void *arg, curl_off_t offset, int origin);
/* Looks at status and headers once; false when the answer is not what was asked for. */
bool stream_judge(struct client *c);

/* self.c */
void self_init(struct load *l);
void self_start(struct load *l);
void self_stop(struct load *l);

#endif
