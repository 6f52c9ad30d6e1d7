/* Where it listens. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "misbehave.h"

static void nowhere(void)
{
	wait_for_ever();
}

static void elsewhere(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(fd, 8) == 0, "listen");
	wait_for_ever();
}

/* Two listeners share the port; nobody takes what comes to the second. */
static void shared(void)
{
	int fd = service_listen(options.port, true);
	service_listen(options.port, true);
	service_accept(fd);
}

/* Another process, outside the group, is the one that serves. */
static void serve_outside(void)
{
	leave_group();
	service_accept(service_listen(options.port, false));
}

static void outside(void)
{
	in_child(serve_outside);
	wait_for_ever();
}

static void serve_in_child(void)
{
	service_accept(service_listen(options.port, false));
}

static void child_serves(void)
{
	in_child(serve_in_child);
	wait_for_ever();
}

static void *take_sockets(void *unused)
{
	(void)unused;
	for (int i = 0; i < 900; i++)
		must(socket(AF_INET, SOCK_STREAM, 0) >= 0 || i > 100, "socket");
	return NULL;
}

static void out_of_descriptors(void)
{
	take_sockets(NULL);
	while (dup(1) >= 0)
		;
}

const struct way ports[] = { { "listens-nowhere", "never listens", .start = nowhere },
			     { "listens-elsewhere", "listens on another port", .start = elsewhere },
			     { "shares-its-port", "half of the connections are never taken", .start = shared },
			     { "serves-outside", "a child outside the group serves", .start = outside },
			     { "child-serves", "a child in the group serves", .start = child_serves },
			     { "out-of-descriptors", "has no descriptor left for a connection",
			       .serving = out_of_descriptors },
			     { NULL } };
