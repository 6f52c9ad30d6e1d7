/*
 * agent - the parts of the agent in a small machine; see agent.c.
 *
 *   agent.c   the loop          port.c    frames over a port
 *   server.c  the one server    look.c    what the kernel shows of memory
 *   set_up.c  disk, swap, network      speed.c   how fast this machine is
 */
#ifndef OOMRIG_AGENT_H
#define OOMRIG_AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "isolation/guest_wire.h"

/* ---- port.c ------------------------------------------------------------- */

struct port {
	int fd;
	int gone; /* nobody is connected at the other end */
	size_t have, taken;
	char in[WIRE_MAX + 1];
};

int port_open(struct port *p, int number);
/* 0, or -1: not taken now.  Frames are taken whole or not at all. */
int port_send(struct port *p, uint32_t kind, const void *body, size_t len);
/* The next frame's body, ended by NUL, valid until the next call; NULL: none is whole yet. */
char *port_take(struct port *p, struct wire_head *head);

/* ---- look.c ------------------------------------------------------------- */

struct look {
	unsigned long long ooms; /* times the kernel told of running out of memory */
	unsigned long work_us;	 /* speed_work_us() */
};

long long look_ms(void);
/* A sample as text; returns its length. */
size_t look_write(const struct look *l, char *out, size_t size);
int look_put(const char *path, const char *text);
/* Calls fn for every process but this one and the kernel's own. */
void look_each(void (*fn)(pid_t pid, void *arg), void *arg);

/* ---- speed.c ------------------------------------------------------------ */

/* Microseconds that a small, always equal piece of work takes here. */
unsigned long speed_work_us(void);

/* ---- set_up.c ----------------------------------------------------------- */

int set_up(char *lines, char *why, size_t size);
void set_up_network(void);
/* An empty {tmp}, where it is a RAM disk: what was in it went with the server that had it. */
void set_up_again(void);
/* The disk's folder, for its free space. */
#define AGENT_DISK "/run/disk"

/* ---- server.c ----------------------------------------------------------- */

void server_take(struct port *p, const struct wire_head *head, char *body);
/* Whoever asked for it is gone. */
void server_abandon(void);
void server_ended(pid_t pid, int status);
/* -1: nothing to wait for. */
int server_output_fd(void);
void server_carry_output(struct port *p);
/* When its output has been carried. */
void server_tell_end(struct port *p);
void server_kill_all(void);

#endif
