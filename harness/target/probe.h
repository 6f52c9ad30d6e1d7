/*
 * probe - one small request to the server with its whole answer kept: readiness,
 * login, health, debug figures.  Reusable; one transfer at a time.
 *
 * Life cycle: probe_init(), probe_send() as often as wanted (not while busy),
 * probe_release() (cancels first).  Loop thread only.
 */
#ifndef OOMRIG_TARGET_PROBE_H
#define OOMRIG_TARGET_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/http.h"
#include "http/request.h"

struct probe {
	struct http_transfer transfer;
	struct http_client *http; /* borrowed */
	struct request request;
	struct buf answer; /* body, at most PROBE_ANSWER_MAX bytes; none where it was longer */
	uint64_t read_bytes;
	bool endless; /* hung up on after PROBE_READ_MAX */
	bool busy;
	uint64_t sent_ns; /* clock_ns() of the last probe_send() */
	/* status 0: no HTTP answer came, detail says why (borrowed during the call). */
	void (*done)(struct probe *p, long status, const char *detail);
};

#define PROBE_ANSWER_MAX (1u << 20)
#define PROBE_READ_MAX (64u << 20)

int probe_init(struct probe *p, struct http_client *http, void (*done)(struct probe *, long, const char *),
	       struct error *err);
/* tcp_only: connecting is the answer (status 1). */
int probe_send(struct probe *p, const struct target_access *access, const struct request_spec *spec,
	       uint64_t timeout_ns, bool tcp_only, struct error *err);
/* Takes back a transfer that is under way: done is not called for it. */
void probe_cancel(struct probe *p);
void probe_release(struct probe *p);

#endif
