/*
 * debug - what the server itself thinks it is using, as JSON on a listener of
 * its own: off unless asked for, and never on anything but the loopback
 * interface.
 *
 *   GET /debug
 *   POST /debug/collect   204 once all garbage was collected and free memory
 *                         given back to the kernel, the allocator's included
 *
 * Life cycle: debug_start after the parts it reports on, debug_stop before
 * they go.
 */
#ifndef CHUNKSERVER_DEBUG_H
#define CHUNKSERVER_DEBUG_H

#include <stdint.h>

#include "base/error.h"

struct server;

int debug_start(struct server *server, uint16_t port, struct error *err);
void debug_stop(struct server *server);

#endif
