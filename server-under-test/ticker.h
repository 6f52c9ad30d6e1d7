/*
 * ticker - a thread that calls a function at an interval.
 *
 * Life cycle: ticker_start; ticker_stop waits for a call under way and joins
 * (NULL is allowed).  fn runs on the ticker's thread, the first time one
 * interval after the start.
 */
#ifndef CHUNKSERVER_TICKER_H
#define CHUNKSERVER_TICKER_H

#include <stdint.h>

#include "base/error.h"

struct ticker;

int ticker_start(struct ticker **out, uint64_t interval_ns, void (*fn)(void *arg), void *arg, struct error *err);
void ticker_stop(struct ticker *t);

#endif
