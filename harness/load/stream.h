/*
 * stream - the body bytes of one transfer: made or read, counted, throttled and
 * compared inside curl's callbacks.  It pauses and judges there, but begins
 * nothing and ends nothing: that is the transfer's business.
 *
 * Life cycle: stream_begin() for each transfer, stream_attach() to its easy
 * handle, stream_release().  Loop thread only.
 */
#ifndef OOMRIG_LOAD_STREAM_H
#define OOMRIG_LOAD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "load/alarm.h"
#include "load/objects.h"
#include "load/outcome.h"
#include "load/pacing.h"
#include "load/shared.h"

/* Of the transfer that the stream belongs to; borrowed. */
struct stream_ground {
	struct shared *shared;
	unsigned client;	    /* index in the group */
	struct http_transfer *http; /* its easy handle may be made later */
	struct alarm *alarm;	    /* wakes what the throttle holds back */
	char *curl_error;	    /* CURL_ERROR_SIZE */
	/* Nothing moves any more: the client stalls, from inside curl's callbacks. */
	void (*stalled)(void *arg);
	void *arg;
};

struct stream {
	const struct stream_ground *ground;
	enum request_kind kind;
	struct object object; /* what is sent or read; its id is borrowed, NULL for an upload */
	uint64_t offset;      /* where in it the body begins */
	uint64_t wanted;      /* body bytes to send or receive */
	uint64_t done;	      /* of these */
	uint64_t excess;      /* received beyond them */
	uint64_t first_byte_ns;
	bool corrupt;
	uint64_t corrupt_at; /* when corrupt */
	struct bucket bucket;
	bool has_stalled;
	bool unheard;	  /* unpaused, and the callback was not called since */
	bool judged;	  /* status and headers of the answer were looked at … */
	bool refused;	  /* … and are not what was asked for */
	bool window_read; /* all that was wanted of an open-ended range; we hang up */
	bool given_up;	  /* we end it, as own_end says */
	enum request_end own_end;
	struct buf answer; /* of uploads, and the start of a refusal */
	char why[160];
};

/* object is copied. */
void stream_begin(struct stream *s, const struct stream_ground *ground, enum request_kind kind,
		  const struct object *object);
/* Sets the easy handle's callbacks and buffers. */
void stream_attach(struct stream *s);
void stream_give_up(struct stream *s, enum request_end end);
void stream_release(struct stream *s);

/* For request_build_upload(); arg is the stream. */
size_t stream_read(char *out, size_t size, size_t count, void *arg);
int stream_seek(void *arg, curl_off_t offset, int origin);

/* Looks at status and headers once; false when the answer is not what was asked for. */
bool stream_judge(struct stream *s);

#endif
