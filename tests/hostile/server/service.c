/* The HTTP loop under every way: PUT /NAME stores, GET /NAME gives back, /healthz and /figures answer; a thread each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "misbehave.h"

static int listener = -1;
static int store_fd; /* {data} as it was at first: what a way puts in its place never gets an upload */

bool say_bytes(int fd, const void *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, (const char *)data + at, len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

bool say(int fd, const char *text)
{
	return say_bytes(fd, text, strlen(text));
}

enum reply say_forever(int fd, const char *head, const char *piece)
{
	bool there = say(fd, head);
	while (there)
		there = say(fd, piece);
	return HANG_UP;
}

enum reply say_body(int fd, const char *status_and_headers, const char *body, size_t len)
{
	char text[512];
	snprintf(text, sizeof(text), "%s\r\nContent-Length: %zu\r\n\r\n",
		 status_and_headers ? status_and_headers : "HTTP/1.1 201 Created", len);
	return say(fd, text) && say_bytes(fd, body, len) ? ANSWERED : HANG_UP;
}

static void store(int file, const char *data, size_t len)
{
	if (file >= 0 && write(file, data, len) != (ssize_t)len)
		perror("store");
}

static bool take_body(struct request *r)
{
	char piece[65536];
	size_t behind = r->held - r->head_len;
	int file = r->what == UPLOAD ? openat(store_fd, r->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	ssize_t n = 1;

	r->received = behind > r->length ? r->length : behind;
	store(file, r->head + r->head_len, r->received);
	while (n > 0 && r->received < r->length) {
		uint64_t left = r->length - r->received;
		n = recv(r->fd, piece, left < sizeof(piece) ? left : sizeof(piece), 0);
		if (n > 0)
			store(file, piece, (size_t)n);
		r->received += n > 0 ? (uint64_t)n : 0;
	}
	if (file >= 0)
		close(file);
	return r->received == r->length;
}

static enum reply give(struct request *r)
{
	char head[128];
	struct stat st;
	int file = openat(store_fd, r->name, O_RDONLY | O_CLOEXEC);
	bool there = file >= 0 && fstat(file, &st) == 0;

	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %lld\r\n\r\n", there ? "200 OK" : "404 No",
		 there ? (long long)st.st_size : 0);
	bool said = say(r->fd, head);
	for (off_t at = 0; there && said && at < st.st_size;)
		said = sendfile(r->fd, file, &at, (size_t)(st.st_size - at)) > 0;
	if (file >= 0)
		close(file);
	return said ? ANSWERED : HANG_UP;
}

static enum reply answer(struct request *r)
{
	static const char json[] = "{\"bytes\": 1, \"pass\": 1}";
	if (r->what == DOWNLOAD)
		return give(r);
	return r->what == UPLOAD ? say_body(r->fd, NULL, "", 0)
				 : say_body(r->fd, "HTTP/1.1 200 OK", json, sizeof(json) - 1);
}

static bool read_head(struct request *r)
{
	char *end;
	r->held = 0;
	r->head[0] = '\0';
	while ((end = strstr(r->head, "\r\n\r\n")) == NULL) {
		ssize_t n = r->held < HEAD_MAX ? recv(r->fd, r->head + r->held, HEAD_MAX - r->held, 0) : 0;
		if (n <= 0)
			return false;
		r->held += (size_t)n;
		r->head[r->held] = '\0';
	}
	r->head_len = (size_t)(end - r->head) + 4;
	return true;
}

static void understand(struct request *r)
{
	const char *length = strcasestr(r->head, "\r\nContent-Length:");
	r->name[0] = '\0';
	if (sscanf(r->head, "%7s /%127[A-Za-z0-9_-]", r->method, r->name) < 2)
		strcpy(r->name, "unnamed");
	r->length = length != NULL ? strtoull(length + 17, NULL, 10) : 0;
	r->what = strcmp(r->method, "GET") != 0	    ? UPLOAD
		  : strcmp(r->name, "healthz") == 0 ? HEALTH
		  : strcmp(r->name, "figures") == 0 ? FIGURES
						    : DOWNLOAD;
}

static enum reply serve_one(struct request *r)
{
	const struct way *way = options.way;
	if (!read_head(r))
		return HANG_UP;
	understand(r);
	bool meant = (way->only ? way->only : UPLOAD) & r->what;
	enum reply reply = meant && way->head != NULL ? way->head(r) : ORDINARY;
	if (reply != ORDINARY)
		return reply;
	if (!take_body(r))
		return HANG_UP;
	reply = meant && way->answer != NULL ? way->answer(r) : ORDINARY;
	return reply != ORDINARY ? reply : answer(r);
}

static void *serve(void *arg)
{
	struct request *r = calloc(1, sizeof(*r));
	must(r != NULL, "memory");
	r->fd = (int)(intptr_t)arg;
	if (options.way->accepted == NULL || options.way->accepted(r->fd) == ORDINARY)
		while (serve_one(r) == ANSWERED)
			;
	close(r->fd);
	free(r);
	return NULL;
}

int service_listen(uint16_t port, bool share)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (share)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int));
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0, "listen");
	return fd;
}

void service_stop_listening(void)
{
	shutdown(listener, SHUT_RDWR); /* wakes accept(2) too, which close(2) would not */
}

void service_accept(int fd)
{
	for (;;) {
		int taken = accept4(fd < 0 ? listener : fd, NULL, NULL, SOCK_CLOEXEC);
		if (taken >= 0)
			in_thread(serve, (void *)(intptr_t)taken);
		else if (errno != EINTR && errno != ECONNABORTED && errno != EMFILE)
			wait_for_ever();
	}
}

void service_run(void)
{
	signal(SIGPIPE, SIG_IGN);
	store_fd = open(options.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (options.way->start != NULL)
		options.way->start();
	listener = service_listen(options.port, false);
	if (options.way->serving != NULL)
		options.way->serving();
	service_accept(-1);
}
