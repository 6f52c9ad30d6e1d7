/*
 * mock_broker - librdkafka's own mock of a message broker, in a process of its
 * own beside the server, so that producers (H2) have real sockets to somebody.
 *
 * Life cycle: mock_broker_start starts this program again with --mock-broker
 * and waits for its address; mock_broker_stop, or the server's death, ends it.
 * mock_broker_main is that other process.  The process lies in the server's
 * cgroup: 1.5 MiB of anon, 1.7 after 150 producers.
 */
#ifndef CHUNKSERVER_MOCK_BROKER_H
#define CHUNKSERVER_MOCK_BROKER_H

#include <sys/types.h>

#include "base/error.h"

#define MOCK_BROKER_OPTION "mock-broker"

struct mock_broker {
	pid_t pid;
	int stdin_fd;	   /* its end of file is the end of it */
	char address[128]; /* "127.0.0.1:41234" */
};

int mock_broker_start(struct mock_broker *b, struct error *err);
void mock_broker_stop(struct mock_broker *b);

/* Prints the address, serves until standard input ends; an exit status. */
int mock_broker_main(void);

#endif
