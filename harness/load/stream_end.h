/*
 * stream_end - what an ended transfer comes to: how it ended, whether the bytes
 * were right, and which object is to be remembered for it.  Loop thread only.
 */
#ifndef OOMRIG_LOAD_STREAM_END_H
#define OOMRIG_LOAD_STREAM_END_H

#include <curl/curl.h>

#include "load/outcome.h"
#include "load/stream.h"

/* Fills status, end, verify, corrupt_at, found and error.  An acknowledged upload goes into the objects. */
void stream_end(struct stream *s, CURLcode result, struct load_request *r);

/*
 * An upload that was under way when the connection went, or when the load was stopped: a client that names its
 * objects can look for it later.
 */
void stream_end_unanswered(const struct stream *s, const struct load_request *r, bool load_stopped);

#endif
