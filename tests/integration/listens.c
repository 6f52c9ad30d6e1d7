/*
 * listens - an HTTP service that takes and forgets everything, for tests of who has the server's port.
 *
 *   listens ADDRESS PORT [WORD...]
 *     reuseport  shares the port with others that say so
 *     v6only     "::" without IPv4
 *     wait       binds again and again until the port is free
 *     worker     a child listens, the first process lets go of the socket
 *     pause      after its first answer it does not listen for a second
 *   listens copy PID FD
 *     holds a copy of that descriptor and does nothing with it, as whoever handed over a socket does
 *
 * Says "ready" on standard output.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"

static struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
static socklen_t address_len = sizeof(address);
static bool reuseport, v6only, waits, worker, pauses;

static void parse_address(const char *text, const char *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	if (inet_pton(AF_INET6, text, &address.sin6_addr) == 1) {
		address.sin6_port = htons((uint16_t)atoi(port));
		return;
	}
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	address_len = sizeof(*v4);
	if (inet_pton(AF_INET, text, &v4->sin_addr) != 1)
		exit(2);
}

static int listen_now(void)
{
	int on = 1, only = v6only, fd = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuseport)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (address.sin6_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	while (bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, 64) != 0) {
		if (!waits) {
			perror("listen");
			exit(1);
		}
		usleep(5000);
	}
	return fd;
}

static bool answer_one(int fd)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char head[65536 + 1];
	size_t held = 0;
	char *end = NULL;
	while (end == NULL) {
		ssize_t n = held < sizeof(head) - 1 ? recv(fd, head + held, sizeof(head) - 1 - held, 0) : 0;
		if (n <= 0)
			return false;
		held += (size_t)n;
		head[held] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	const char *length = strcasestr(head, "\r\nContent-Length:");
	uint64_t body = length != NULL && length < end ? strtoull(length + 17, NULL, 10) : 0;
	uint64_t got = held - (size_t)(end + 4 - head);
	while (got < body) {
		ssize_t n = recv(fd, head, sizeof(head) - 1, 0);
		if (n <= 0)
			return false;
		got += (uint64_t)n;
	}
	return send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) > 0;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	while (answer_one(fd))
		;
	close(fd);
	return NULL;
}

static void serve_all(int listener)
{
	pthread_t thread;
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (pauses) {
			answer_one(fd);
			close(fd);
			close(listener);
			sleep(1);
			listener = listen_now();
			pauses = false;
		} else if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0) {
			pthread_detach(thread);
		}
	}
}

static void hold_copy(pid_t pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (syscall(SYS_pidfd_getfd, process, fd, 0) < 0) {
		perror("pidfd_getfd");
		exit(errno == ENOSYS ? 77 : 1);
	}
	puts("ready");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	const struct {
		const char *name;
		bool *flag;
	} words[] = { { "reuseport", &reuseport },
		      { "v6only", &v6only },
		      { "wait", &waits },
		      { "worker", &worker },
		      { "pause", &pauses } };
	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "copy") == 0 && argc == 4)
		hold_copy((pid_t)atoi(argv[2]), atoi(argv[3]));
	parse_address(argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		for (size_t k = 0; k < COUNT(words); k++)
			*words[k].flag |= strcmp(argv[i], words[k].name) == 0;
	int listener = listen_now();
	if (worker && fork() != 0) {
		close(listener);
		for (;;)
			pause();
	}
	puts("ready");
	fflush(stdout);
	serve_all(listener);
}
