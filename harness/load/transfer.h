/*
 * transfer - one transfer of a client after the other, each from its request to
 * its record.  It owns what a client needs for that: the easy handle, the timer
 * for the added latency, the throttle and the end of a stall, and the stream.
 *
 * Life cycle: transfer_init(); transfer_begin(), then callbacks.done once, after
 * which the next may begin, from inside the callback too; transfer_cut() ends it
 * early, with done; transfer_close().  Its memory stays until the handles are
 * all closed.  Loop thread only.
 */
#ifndef OOMRIG_LOAD_TRANSFER_H
#define OOMRIG_LOAD_TRANSFER_H

#include "load/stream.h"

struct transfer_callbacks {
	void *arg;
	void (*done)(void *arg, const struct load_request *r); /* record valid during the call */
	/* It stalls and will not end by itself.  From inside curl's callbacks: end nothing here. */
	void (*stalled)(void *arg);
};

struct transfer {
	struct shared *shared; /* borrowed */
	unsigned client;
	struct transfer_callbacks callbacks;
	struct alarm alarm;
	struct http_transfer http;
	struct request request;
	struct stream_ground ground;
	struct stream stream;
	bool in_curl;	/* the handle is added */
	bool connected; /* the last transfer left its connection open */
	bool load_stopped;
	bool reached; /* a connection was made for it, or one was kept */
	bool waiting; /* for a connection that the server refuses */
	bool waited;
	uint64_t sequence;
	uint64_t intended_ns, started_ns;
	uint64_t sent_ns; /* given to curl; 0: not yet */
	char curl_error[CURL_ERROR_SIZE];
};

/* What is to be transferred. */
struct transfer_order {
	enum request_kind kind;
	const struct object *object; /* copied, but its id is borrowed; NULL: an upload, or there is none to read */
	uint64_t offset;	     /* where in the object the body begins */
	uint64_t wanted;	     /* body bytes to send or receive */
	uint64_t intended_ns;	     /* 0: now */
};

void transfer_init(struct transfer *t, struct shared *shared, unsigned client,
		   const struct transfer_callbacks *callbacks);
void transfer_begin(struct transfer *t, const struct transfer_order *order);

/* Recorded as END_CUT, or END_STALLED if it was stalled.  load_stopped: the whole load is being stopped. */
void transfer_cut(struct transfer *t, bool load_stopped);

/* Ends what runs without a record. */
void transfer_close(struct transfer *t);

#endif
