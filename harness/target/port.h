/*
 * port - who accepts the load: the listening sockets behind the server's address
 * and port must be among the descriptors of its group's processes.  Zero, one
 * and "cannot be read" are three answers, and nobody listening is a fourth: a
 * server may close its socket for a while.
 *
 * Life cycle: port_init(), port_look() as often as wanted (a few small reads;
 * the host's other processes are looked through only to name a stranger).
 * Loop thread only.
 */
#ifndef OOMRIG_TARGET_PORT_H
#define OOMRIG_TARGET_PORT_H

#include "base/fact.h"
#include "isolation/isolation.h"
#include "scenario/scenario.h"
#include "target/holder.h"
#include "target/listener.h"

#define PORT_ADDRESSES_MAX 8
#define PORT_TEXT_MAX 500

struct port {
	const struct server_spec *spec; /* borrowed */
	struct isolation *isolation;	/* borrowed */
	uint16_t number;
	struct listener_address to[PORT_ADDRESSES_MAX];
	size_t to_count;
};

struct port_look {
	struct fact in_group;	  /* 1: the group holds every socket that takes the load; absent: nobody listens */
	char text[PORT_TEXT_MAX]; /* for 0: who listens instead, and what to do; for unreadable: why */
};

int port_init(struct port *p, const struct server_spec *spec, uint16_t number, struct isolation *iso,
	      struct error *err);
/* netns_pid: a process of the namespace that the load goes to; 0: ours. */
void port_look(const struct port *p, pid_t netns_pid, struct port_look *out);
/* What to say of a port that was answered for and on which nobody was ever seen to listen. */
void port_describe_unseen(const struct port *p, char out[PORT_TEXT_MAX]);

#endif
