/* The HTTP service under every fate: PUT /NAME stores, GET /NAME gives back, GET /healthz and POST /collect answer; a
 * thread each. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fate.h"

#define HEAD_MAX 8192
#define PIECE_BYTES 65536
#define STACK_BYTES (128UL << 10)

static const struct fate *fate;
static int listener = -1;

struct connection {
	int fd;
	char head[HEAD_MAX + 1];
	size_t held; /* bytes in head: the head itself and what came behind it */
};

static void answer(int fd, int status, uint64_t length)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "HTTP/1.1 %d %s\r\nContent-Length: %llu\r\n\r\n", status,
			   status < 300 ? "OK" : "Refused", (unsigned long long)length);
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		shutdown(fd, SHUT_RDWR);
}

void service_open(struct upload *u, const char *folder)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, u->name);
	u->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (u->fd < 0) {
		perror(path);
		exit(1);
	}
}

void service_store(struct upload *u, const char *data, size_t len)
{
	if (u->fd < 0)
		service_open(u, fate_options.data);
	while (len > 0) {
		ssize_t n = write(u->fd, data, len);
		if (n <= 0) {
			perror(u->name);
			exit(1);
		}
		data += n;
		len -= (size_t)n;
	}
}

void service_forget(struct upload *u, const char *data, size_t len)
{
	(void)u;
	(void)data;
	(void)len;
}

static void take_piece(struct upload *u, const char *data, size_t len)
{
	if (fate->received != NULL)
		fate->received(u, data, len);
	else
		service_store(u, data, len);
	u->received += len;
}

static bool take_upload(struct connection *c, struct upload *u, size_t head_len)
{
	char piece[PIECE_BYTES];
	size_t behind = c->held - head_len;

	if (fate->answers_at_the_head) {
		answer(c->fd, 201, 0);
		return false;
	}
	if (behind > u->size)
		behind = u->size;
	if (fate->begin != NULL)
		fate->begin(u);
	if (behind > 0)
		take_piece(u, c->head + head_len, behind);
	memmove(c->head, c->head + head_len + behind, c->held - head_len - behind);
	c->held -= head_len + behind;
	while (u->received < u->size) {
		uint64_t left = u->size - u->received;
		ssize_t n = recv(c->fd, piece, left < sizeof(piece) ? left : sizeof(piece), 0);
		if (n <= 0) {
			if (fate->vanished != NULL)
				fate->vanished(u);
			return false;
		}
		take_piece(u, piece, (size_t)n);
	}
	answer(c->fd, fate->uploaded != NULL ? fate->uploaded(u) : 201, 0);
	if (u->fd >= 0)
		close(u->fd);
	return true;
}

static void give_file(int fd, const char *name)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", fate_options.data, name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) != 0) {
		answer(fd, 404, 0);
	} else {
		answer(fd, 200, (uint64_t)st.st_size);
		if (fate->giving != NULL)
			fate->giving();
		for (off_t at = 0; at < st.st_size;)
			if (sendfile(fd, file, &at, (size_t)(st.st_size - at)) <= 0)
				break;
	}
	if (file >= 0)
		close(file);
}

/* Reads up to the end of the next head; its length, 0 when the client has gone. */
static size_t read_head(struct connection *c)
{
	char *end;
	c->head[c->held] = '\0';
	while ((end = strstr(c->head, "\r\n\r\n")) == NULL) {
		ssize_t n = c->held < HEAD_MAX ? recv(c->fd, c->head + c->held, HEAD_MAX - c->held, 0) : 0;
		if (n <= 0)
			return 0;
		c->held += (size_t)n;
		c->head[c->held] = '\0';
	}
	return (size_t)(end - c->head) + 4;
}

static bool serve_one(struct connection *c)
{
	struct upload u = { .fd = -1 };
	char method[8];
	size_t head_len = read_head(c);
	if (head_len == 0 || sscanf(c->head, "%7s /%127[A-Za-z0-9._-]", method, u.name) != 2)
		return false;
	if (strcmp(method, "PUT") == 0) {
		const char *length = strcasestr(c->head, "\r\nContent-Length:");
		u.size = length != NULL ? strtoull(length + 17, NULL, 10) : 0;
		return take_upload(c, &u, head_len);
	}
	c->held = 0; /* nothing follows the head of these */
	bool collect = strcmp(method, "POST") == 0 && strcmp(u.name, "collect") == 0;
	if (!collect && strcmp(u.name, "healthz") != 0) {
		give_file(c->fd, u.name);
		return true;
	}
	void (*before)(void) = collect ? fate->collect : fate->healthy;
	if (before != NULL)
		before();
	answer(c->fd, 200, 0);
	return true;
}

static void *serve(void *arg)
{
	struct connection c = { .fd = (int)(intptr_t)arg };
	while (serve_one(&c))
		;
	close(c.fd);
	return NULL;
}

static void *await_stop(void *arg)
{
	sigset_t *stop = arg;
	int signum;
	sigwait(stop, &signum);
	if (fate->told_to_stop != NULL)
		fate->told_to_stop();
	_exit(0);
}

static void listen_on(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(port) };
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 64) != 0) {
		perror("listen");
		exit(1);
	}
}

void service_refuse(void)
{
	shutdown(listener, SHUT_RDWR); /* wakes accept(2) too, which close(2) would not */
	close(listener);
}

void service_run(const struct fate *of)
{
	static sigset_t stop;
	pthread_attr_t small;
	pthread_t thread;

	fate = of;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES + PIECE_BYTES);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	pthread_create(&thread, &small, await_stop, &stop);
	if (fate->start != NULL)
		fate->start();
	listen_on(fate_options.port);
	if (fate->listening != NULL)
		fate->listening();
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			break; /* refused from now on: only the signal ends it */
		if (fd >= 0 && pthread_create(&thread, &small, serve, (void *)(intptr_t)fd) != 0)
			close(fd);
	}
	for (;;)
		pause();
}
