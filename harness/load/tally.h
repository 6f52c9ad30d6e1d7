/*
 * tally - what is counted while transfers run: over the whole load, and for the
 * group whose transfer it is.  Each function counts in both.
 */
#ifndef OOMRIG_LOAD_TALLY_H
#define OOMRIG_LOAD_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "load/latency.h"
#include "load/outcome.h"

/* Over all phases so far. */
struct load_totals {
	/* started = ok + failed + cut + in_flight.  ok: as asked, not corrupt; cut: vanished, stalled or cut by us */
	uint64_t started, ok, failed, cut;
	uint64_t in_flight;
	uint64_t waiting;    /* of these, for a connection that the server refuses */
	uint64_t waited;     /* transfers that did so, each counted once */
	uint64_t refused_ns; /* how long connections were refused, where one was made in the end */
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

struct tally {
	struct load_totals *totals; /* borrowed: the load's */
	struct load_group_progress progress;
	struct latency *latency; /* of transfers that were ok */
};

/* Returns the number of the transfer in the load, from 0 on. */
uint64_t tally_started(struct tally *t);

/* Bytes of an upload that curl took, and those of them that it has to send again from the beginning. */
void tally_sent(struct tally *t, uint64_t bytes);
void tally_sent_again(struct tally *t, uint64_t bytes);

/* An upload has ended: curl took so many bytes of it, of which so many reached the socket. */
void tally_upload_ended(struct tally *t, uint64_t taken_bytes, uint64_t sent_bytes);
/* A transfer waits for a connection, and does so no more. */
void tally_waits(struct tally *t, bool first);
void tally_waits_no_more(struct tally *t);
void tally_acknowledged(struct tally *t, uint64_t bytes);
void tally_received(struct tally *t, uint64_t bytes);
void tally_verified(struct tally *t, uint64_t bytes);
void tally_ended(struct tally *t, const struct load_request *r);

#endif
