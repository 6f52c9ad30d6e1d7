/*
 * discard_server - the cheapest server an upload client can be measured
 * against: any request with a Content-Length or a chunked body is read, thrown
 * away without being copied (MSG_TRUNC, tcp(7)) and answered 200 {"id":"x"};
 * connections are kept.  One epoll thread.
 *
 *   discard_server [PORT]     prints the port it listens on (127.0.0.1), and at
 *                             SIGTERM "cpu SECONDS", user and system, its own
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384
#define PIECE_BYTES (1u << 20)
#define EVENTS 256

enum state { IN_HEAD, IN_BODY, IN_CHUNK_SIZE, IN_CHUNK, IN_CHUNK_END, IN_TRAILER };

struct connection {
	int fd;
	enum state state;
	uint64_t left; /* of the body or the chunk */
	bool chunked;
	bool close_after;
	size_t line_len; /* head: all of it; else the line being read */
	char *line;	 /* held only while there is one */
};

static char piece[PIECE_BYTES];
static volatile sig_atomic_t ended;

static void on_sigterm(int signal)
{
	(void)signal;
	ended = 1;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void tell_cpu(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("cpu %.6f\n", seconds(usage.ru_utime) + seconds(usage.ru_stime));
	fflush(stdout);
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int answer(struct connection *c)
{
	static const char text[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"id\":\"x\"}";
	c->state = IN_HEAD;
	c->line_len = 0;
	free(c->line);
	c->line = NULL;
	if (send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(text) - 1)
		return -1;
	return c->close_after ? -1 : 0;
}

static int head_done(struct connection *c)
{
	c->line[c->line_len] = '\0';
	const char *length = strcasestr(c->line, "\r\nContent-Length:");
	c->chunked = strcasestr(c->line, "\r\nTransfer-Encoding: chunked") != NULL;
	/* RFC 9112 section 9.3: HTTP/1.0 closes unless it asks to be kept, 1.1 keeps unless it asks to be closed. */
	bool old = strstr(c->line, " HTTP/1.0\r\n") != NULL;
	c->close_after = old ? strcasestr(c->line, "\r\nConnection: keep-alive") == NULL
			     : strcasestr(c->line, "\r\nConnection: close") != NULL;
	c->left = length != NULL ? strtoull(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
	if (strcasestr(c->line, "\r\nExpect: 100-continue") != NULL)
		send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
	c->line_len = 0;
	c->state = c->chunked ? IN_CHUNK_SIZE : IN_BODY;
	return !c->chunked && c->left == 0 ? answer(c) : 0;
}

/* One byte of a head, a chunk size line or a trailer. */
static int take_line_byte(struct connection *c, char byte)
{
	if (c->line == NULL)
		c->line = malloc(LINE_MAX_BYTES + 1);
	if (c->line == NULL || c->line_len == LINE_MAX_BYTES)
		return -1;
	c->line[c->line_len++] = byte;
	if (byte != '\n')
		return 0;
	switch (c->state) {
	case IN_HEAD:
		return c->line_len >= 4 && memcmp(c->line + c->line_len - 4, "\r\n\r\n", 4) == 0 ? head_done(c) : 0;
	case IN_CHUNK_SIZE:
		c->line[c->line_len] = '\0';
		c->left = strtoull(c->line, NULL, 16);
		c->state = c->left > 0 ? IN_CHUNK : IN_TRAILER;
		break;
	case IN_CHUNK_END:
		c->state = IN_CHUNK_SIZE;
		break;
	default:
		if (c->line_len == 2)
			return answer(c);
		break;
	}
	c->line_len = 0;
	return 0;
}

static int take(struct connection *c, const char *data, size_t len)
{
	while (len > 0) {
		if (c->state == IN_BODY || c->state == IN_CHUNK) {
			size_t part = len < c->left ? len : (size_t)c->left;
			c->left -= part;
			data += part;
			len -= part;
			if (c->left > 0)
				continue;
			if (c->state == IN_BODY && answer(c) != 0)
				return -1;
			if (c->state == IN_CHUNK)
				c->state = IN_CHUNK_END;
		} else {
			if (take_line_byte(c, *data++) != 0)
				return -1;
			len--;
		}
	}
	return 0;
}

static int readable(struct connection *c)
{
	bool in_bulk = (c->state == IN_BODY || c->state == IN_CHUNK) && c->left > PIECE_BYTES;
	ssize_t n = recv(c->fd, piece, PIECE_BYTES, in_bulk ? MSG_TRUNC : 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	if (in_bulk) {
		c->left -= (uint64_t)n;
		return 0;
	}
	return take(c, piece, (size_t)n);
}

static void accept_all(int listener, int epoll)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));
		if (c == NULL) {
			close(fd);
			return;
		}
		c->fd = fd;
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	address.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
	socklen_t address_len = sizeof(address);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 4096) != 0)
		return fail("cannot listen");
	getsockname(listener, (struct sockaddr *)&address, &address_len);

	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);

	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);

	struct sigaction end = { .sa_handler = on_sigterm }; /* not restarted: epoll_wait() returns */
	sigaction(SIGTERM, &end, NULL);
	while (!ended) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(epoll, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			return fail("epoll_wait");
		for (int i = 0; i < count; i++) {
			struct connection *c = events[i].data.ptr;
			if (c == NULL) {
				accept_all(listener, epoll);
			} else if (readable(c) != 0) {
				close(c->fd);
				free(c->line);
				free(c);
			}
		}
	}
	tell_cpu();
	return 0;
}
