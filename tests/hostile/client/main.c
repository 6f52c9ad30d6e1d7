/* pester NAME --port N --id ID: a client that misbehaves in one way; without NAME it lists the ways. */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pester.h"

uint16_t server_port;
const char *object_id = "none";

static const struct pest *const tables[] = { heads, bodies, sockets };

void fault(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

void sleep_ms(unsigned ms)
{
	usleep(ms * 1000);
}

int dial(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(server_port) };
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fault("the server takes no connection");
	return fd;
}

bool give_bytes(int fd, const void *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, (const char *)data + at, len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

bool give(int fd, const char *text)
{
	return give_bytes(fd, text, strlen(text));
}

bool givef(int fd, const char *format, ...)
{
	char text[4096];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return len > 0 && (size_t)len < sizeof(text) && give_bytes(fd, text, (size_t)len);
}

void give_again(int fd, const char *piece, size_t bytes)
{
	time_t end = time(NULL) + 2;
	size_t len = strlen(piece);
	for (size_t at = 0; at < bytes && time(NULL) <= end; at += len)
		if (!give_bytes(fd, piece, len))
			return;
}

size_t drain(int fd)
{
	char piece[65536];
	size_t all = 0;
	ssize_t n;
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		all += (size_t)n;
	return all;
}

size_t ask(const char *text)
{
	int fd = dial();
	give(fd, text);
	shutdown(fd, SHUT_WR);
	size_t got = drain(fd);
	close(fd);
	return got;
}

void reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static const struct pest *find(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct pest *p = tables[t]; p->name != NULL; p++) {
			if (name == NULL)
				printf("%-26s %s\n", p->name, p->meaning);
			else if (strcmp(p->name, name) == 0)
				return p;
		}
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "port", required_argument, NULL, 'p' },
					       { "id", required_argument, NULL, 'i' },
					       { NULL, 0, NULL, 0 } };
	int letter;
	while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (letter == 'p')
			server_port = (uint16_t)atoi(optarg);
		else if (letter == 'i')
			object_id = optarg;
		else
			return 2;
	}
	const struct pest *pest = find(argv[optind]);
	if (optind == argc)
		return 0;
	if (pest == NULL || server_port == 0) {
		fprintf(stderr, "usage: pester NAME --port N --id ID\n");
		return 2;
	}
	pest->run();
	return 0;
}
