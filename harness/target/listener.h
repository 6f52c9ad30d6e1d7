/*
 * listener - which listening sockets take a connection to an address and port,
 * from the text of /proc/net/tcp and /proc/net/tcp6 (proc_net_tcp.rst of the
 * kernel's documentation: listening sockets come first).  The kernel prefers a
 * socket bound to the very address, then one bound to every address of that
 * family, then one of IPv6 that takes IPv4 as well; sockets that are its equal
 * (SO_REUSEPORT) share the connections.
 *
 * Life cycle: zeroed, listeners_read() for each table, listeners_release().
 * Any thread.
 */
#ifndef OOMRIG_TARGET_LISTENER_H
#define OOMRIG_TARGET_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum listener_rank { LISTENER_NONE, LISTENER_BOTH_FAMILIES, LISTENER_ANY, LISTENER_EXACT };

/* Where the load goes; an IPv4 address in its IPv6 form (::ffff:127.0.0.1). */
struct listener_address {
	struct in6_addr address;
	uint16_t port;
};

struct listeners {
	uint64_t *inodes; /* of the sockets that share the highest rank seen */
	size_t count;
	enum listener_rank rank; /* BOTH_FAMILIES: if they take IPv4 at all, which the table does not tell */
};

/* The addresses of host ("127.0.0.1", "::1", "[::1]", "localhost"); returns how many, at most max, or -1. */
int listener_resolve(const char *host, uint16_t port, struct listener_address *out, size_t max, struct error *err);

/* Reads one table to the end of its listening sockets. */
void listeners_read(struct listeners *l, FILE *table, const struct listener_address *to);
void listeners_release(struct listeners *l);

#endif
