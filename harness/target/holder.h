/*
 * holder - which processes hold a socket open, by the links of /proc/PID/fd
 * (proc_pid_fd(5): "socket:[INODE]").  Any thread.
 */
#ifndef OOMRIG_TARGET_HOLDER_H
#define OOMRIG_TARGET_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct held_socket {
	uint64_t inode;
	bool held;
};

/*
 * Marks those of the sockets that pid holds.  false: what it holds cannot be read;
 * a process that has gone holds nothing and can be read.  Ends at the last socket
 * that is found: a listening socket is among the first descriptors.
 */
bool holder_mark(pid_t pid, struct held_socket *sockets, size_t count);

/* The first process of the host that holds the socket, 0: none that can be seen. */
pid_t holder_find(uint64_t inode);

/* "pid 4711 (docker-proxy, in the group '/docker')", and whether that is how a container looks. */
#define HOLDER_TEXT_MAX 224
bool holder_describe(pid_t pid, char out[HOLDER_TEXT_MAX]);

#endif
