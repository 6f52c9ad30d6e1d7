#include "target/listener.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"

#define STATE_LISTEN 0x0A

static struct in6_addr mapped(uint32_t ipv4_network_order)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(&a.s6_addr[12], &ipv4_network_order, sizeof(ipv4_network_order));
	return a;
}

static struct in6_addr address_of(const struct sockaddr *any)
{
	if (any->sa_family == AF_INET)
		return mapped(((const struct sockaddr_in *)any)->sin_addr.s_addr);
	return ((const struct sockaddr_in6 *)any)->sin6_addr;
}

int listener_resolve(const char *host, uint16_t port, struct listener_address *out, size_t max, struct error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	size_t count = 0;
	char *bare = xasprintf("%.*s", (int)strcspn(host + (host[0] == '['), "]"), host + (host[0] == '['));
	int rc = getaddrinfo(bare, NULL, &hints, &all);
	for (struct addrinfo *a = all; rc == 0 && a != NULL && count < max; a = a->ai_next)
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			out[count++] = (struct listener_address){ .address = address_of(a->ai_addr), .port = port };
	if (all != NULL)
		freeaddrinfo(all);
	free(bare);
	return rc == 0 ? (int)count
		       : error_set(err, ERROR_INPUT, "cannot find the address of the server's host '%s': %s", host,
				   gai_strerror(rc));
}

/* "0100007F" or four such words: each is printed as the processor holds it in memory. */
static bool parse_address(const char *hex, struct in6_addr *out)
{
	uint32_t words[4];
	size_t count = strlen(hex) / 8;
	if (strlen(hex) != 8 && strlen(hex) != 32)
		return false;
	for (size_t i = 0; i < count; i++)
		if (sscanf(hex + 8 * i, "%8" SCNx32, &words[i]) != 1)
			return false;
	if (count == 1)
		*out = mapped(words[0]);
	else
		memcpy(out, words, sizeof(words));
	return true;
}

static enum listener_rank rank_of(const struct in6_addr *bound, const struct in6_addr *to)
{
	struct in6_addr any_ipv4 = mapped(0);
	bool to_ipv4 = IN6_IS_ADDR_V4MAPPED(to);
	if (IN6_ARE_ADDR_EQUAL(bound, to))
		return LISTENER_EXACT;
	if (IN6_IS_ADDR_UNSPECIFIED(bound))
		return to_ipv4 ? LISTENER_BOTH_FAMILIES : LISTENER_ANY;
	return to_ipv4 && IN6_ARE_ADDR_EQUAL(bound, &any_ipv4) ? LISTENER_ANY : LISTENER_NONE;
}

static void add(struct listeners *l, enum listener_rank rank, uint64_t inode)
{
	if (rank == LISTENER_NONE || rank < l->rank)
		return;
	if (rank > l->rank)
		l->count = 0;
	l->rank = rank;
	l->inodes = xrealloc(l->inodes, (l->count + 1) * sizeof(*l->inodes));
	l->inodes[l->count++] = inode;
}

void listeners_read(struct listeners *l, FILE *table, const struct listener_address *to)
{
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, table) >= 0) {
		char hex[33];
		unsigned port, state;
		uint64_t inode;
		struct in6_addr bound;
		if (sscanf(line, "%*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*d %" SCNu64, hex, &port,
			   &state, &inode) != 4)
			continue; /* the heading */
		if (state != STATE_LISTEN)
			break;
		if (port == to->port && parse_address(hex, &bound))
			add(l, rank_of(&bound, &to->address), inode);
	}
	free(line);
}

void listeners_release(struct listeners *l)
{
	free(l->inodes);
	*l = (struct listeners){ 0 };
}
