/*
 * loopback_server - a small HTTP server in threads of the test itself, that can
 * be told to misbehave.  Keeps uploads in memory and gives them back.
 *
 * Life cycle: server_start(), server_behave() between loads, server_stop(), which
 * waits for all its threads.
 */
#ifndef TESTS_UNIT_LOOPBACK_SERVER_H
#define TESTS_UNIT_LOOPBACK_SERVER_H

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

#define SERVER_OBJECTS_MAX 512
#define SERVER_CONNECTIONS_MAX 4096

struct server_behaviour {
	long refuse_upload; /* status given to uploads, 0: 200 */
	long refuse_download;
	const char *upload_answer; /* instead of {"id":"N"} */
	bool ignore_range;	   /* 200 with everything */
	bool wrong_range;	   /* Content-Range of another place */
	uint64_t flip_at;	   /* byte of the object to damage, UINT64_MAX: none */
	uint64_t short_by;	   /* a shorter object than was uploaded, Content-Length to match */
	uint64_t excess;	   /* a longer one */
	uint64_t break_after;	   /* close after that many body bytes, 0: never */
	bool close_without_answer;
	unsigned delay_ms;		/* before each answer */
	bool slow_reader;		/* does not read the body before delay_ms */
	const char *flood_head, *flood; /* instead of any answer: the head once, then the rest for ever */
	unsigned flood_copies;		/* of it in one piece, 0: 1 */
	unsigned flood_pause_us;	/* after each */
};

struct server {
	int listener;
	unsigned port;
	struct server_behaviour behaviour;
	pthread_t acceptor, threads[SERVER_CONNECTIONS_MAX];
	int sockets[SERVER_CONNECTIONS_MAX];
	unsigned connections;
	pthread_mutex_t lock;
	struct buf objects[SERVER_OBJECTS_MAX];
	unsigned object_count;
	unsigned requests, range_requests, broken_bodies;
	uint64_t range_starts[64];
	struct buf last_head;
};

struct server_connection {
	struct server *server;
	struct server_behaviour behaviour; /* as it was when the request came */
	int fd;
	struct buf in; /* read and not used yet */
};

/* From the next request on; what is under way goes on as it began. */
static inline void server_behave(struct server *s, struct server_behaviour behaviour)
{
	pthread_mutex_lock(&s->lock);
	s->behaviour = behaviour;
	pthread_mutex_unlock(&s->lock);
}

/* More bytes into c->in; false at the end. */
static bool server_more(struct server_connection *c)
{
	static __thread char piece[65536];
	ssize_t n = recv(c->fd, piece, sizeof(piece), 0);
	if (n <= 0)
		return false;
	buf_add(&c->in, piece, (size_t)n);
	return true;
}

static void server_drop(struct server_connection *c, size_t len)
{
	memmove(c->in.data, c->in.data + len, c->in.len - len);
	c->in.len -= len;
	c->in.data[c->in.len] = '\0';
}

static bool server_read_until(struct server_connection *c, const char *mark, struct buf *out)
{
	for (;;) {
		char *end = c->in.len > 0 ? memmem(c->in.data, c->in.len, mark, strlen(mark)) : NULL;
		if (end != NULL) {
			size_t len = (size_t)(end - c->in.data) + strlen(mark);
			buf_clear(out);
			buf_add(out, c->in.data, len);
			server_drop(c, len);
			return true;
		}
		if (!server_more(c))
			return false;
	}
}

static bool server_read_len(struct server_connection *c, uint64_t len, struct buf *out)
{
	while (len > 0) {
		if (c->in.len == 0 && !server_more(c))
			return false;
		size_t part = c->in.len < len ? c->in.len : (size_t)len;
		buf_add(out, c->in.data, part);
		server_drop(c, part);
		len -= part;
	}
	return true;
}

static bool server_read_body(struct server_connection *c, const char *head, struct buf *body)
{
	const char *length = strcasestr(head, "\r\nContent-Length:");
	if (strcasestr(head, "\r\nTransfer-Encoding: chunked") == NULL)
		return length == NULL || server_read_len(c, strtoull(length + 17, NULL, 10), body);
	struct buf line = BUF_INIT;
	bool whole = false;
	while (server_read_until(c, "\r\n", &line)) {
		uint64_t len = strtoull(line.data, NULL, 16);
		if (len > 0 && !server_read_len(c, len, body))
			break;
		if (!server_read_until(c, "\r\n", &line))
			break;
		if (len == 0) {
			whole = true;
			break;
		}
	}
	buf_release(&line);
	return whole;
}

/* The contents of the part that has a filename. */
static void server_unwrap_multipart(struct buf *body)
{
	char *part = memmem(body->data, body->len, "filename=", 9);
	char *start = part != NULL ? memmem(part, body->len - (size_t)(part - body->data), "\r\n\r\n", 4) : NULL;
	if (start == NULL)
		return;
	start += 4;
	char *last = body->data + body->len;
	while (last > start && memcmp(last - 1, "\r\n--", 4) != 0)
		last--;
	struct buf file = BUF_INIT;
	buf_add(&file, start, last > start ? (size_t)(last - 1 - start) : 0);
	buf_release(body);
	*body = file;
}

static bool server_send(int fd, const void *data, size_t len)
{
	for (const char *p = data; len > 0;) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool server_flood(struct server_connection *c)
{
	const struct server_behaviour *b = &c->behaviour;
	struct buf piece = BUF_INIT;
	for (unsigned i = 0; i < (b->flood_copies > 0 ? b->flood_copies : 1); i++)
		buf_adds(&piece, b->flood);
	bool open = server_send(c->fd, b->flood_head, strlen(b->flood_head));
	while (open) {
		open = server_send(c->fd, piece.data, piece.len);
		if (b->flood_pause_us > 0)
			usleep(b->flood_pause_us);
	}
	buf_release(&piece);
	return false;
}

static bool server_answer(struct server_connection *c, long status, const char *headers, const void *body, size_t len)
{
	char head[512];
	if (c->behaviour.flood != NULL)
		return server_flood(c);
	if (c->behaviour.delay_ms > 0)
		usleep(c->behaviour.delay_ms * 1000);
	if (c->behaviour.close_without_answer)
		return false;
	int head_len =
		snprintf(head, sizeof(head), "HTTP/1.1 %ld X\r\nContent-Length: %zu\r\n%s\r\n", status, len, headers);
	uint64_t broken = c->behaviour.break_after;
	if (broken > 0 && len > broken) {
		server_send(c->fd, head, (size_t)head_len);
		server_send(c->fd, body, broken);
		return false;
	}
	return server_send(c->fd, head, (size_t)head_len) && server_send(c->fd, body, len);
}

static bool server_upload(struct server_connection *c, const char *head)
{
	struct server *s = c->server;
	struct buf body = BUF_INIT;
	if (c->behaviour.slow_reader)
		usleep(c->behaviour.delay_ms * 1000);
	if (!server_read_body(c, head, &body)) {
		pthread_mutex_lock(&s->lock);
		s->broken_bodies++;
		pthread_mutex_unlock(&s->lock);
		buf_release(&body);
		return false;
	}
	if (strcasestr(head, "\r\nContent-Type: multipart/form-data") != NULL)
		server_unwrap_multipart(&body);
	if (c->behaviour.refuse_upload != 0) {
		buf_release(&body);
		return server_answer(c, c->behaviour.refuse_upload, "", "no\nroom", 7);
	}
	pthread_mutex_lock(&s->lock);
	unsigned id = s->object_count++;
	s->objects[id % SERVER_OBJECTS_MAX] = body;
	pthread_mutex_unlock(&s->lock);
	char answer[64], headers[64];
	snprintf(answer, sizeof(answer), "{\"file\":{\"id\":\"%u\"}}", id);
	snprintf(headers, sizeof(headers), "Location: /o/%u/?x=1\r\n", id);
	const char *text = c->behaviour.upload_answer != NULL ? c->behaviour.upload_answer : answer;
	return server_answer(c, 200, headers, text, strlen(text));
}

static bool server_download(struct server_connection *c, const char *head)
{
	struct server *s = c->server;
	unsigned id = (unsigned)strtoul(strstr(head, "/o/") + 3, NULL, 10);
	const char *range = strcasestr(head, "\r\nRange: bytes=");
	if (c->behaviour.refuse_download != 0)
		return server_answer(c, c->behaviour.refuse_download, "", "gone", 4);
	if (id >= s->object_count)
		return server_answer(c, 404, "", "unknown", 7);
	const struct buf *object = &s->objects[id];
	size_t start = 0, len = object->len - c->behaviour.short_by;
	char headers[128] = "";
	long status = 200;
	if (range != NULL && !c->behaviour.ignore_range) {
		start = strtoull(range + 15, NULL, 10);
		pthread_mutex_lock(&s->lock);
		s->range_starts[s->range_requests++ % 64] = start;
		pthread_mutex_unlock(&s->lock);
		len = object->len - start;
		status = 206;
		snprintf(headers, sizeof(headers), "Content-Range: bytes %zu-%zu/%zu\r\n",
			 start + c->behaviour.wrong_range, object->len - 1, object->len);
	}
	struct buf body = BUF_INIT;
	buf_add(&body, object->data + start, len);
	for (uint64_t i = 0; i < c->behaviour.excess; i++)
		buf_addc(&body, 'x');
	if (c->behaviour.flip_at >= start && c->behaviour.flip_at < start + len)
		body.data[c->behaviour.flip_at - start] ^= 1;
	bool kept = server_answer(c, status, headers, body.data, body.len);
	buf_release(&body);
	return kept;
}

static void *server_connection_main(void *arg)
{
	struct server_connection *c = arg;
	struct server *s = c->server;
	struct buf head = BUF_INIT;
	bool keep = true;
	while (keep && server_read_until(c, "\r\n\r\n", &head)) {
		pthread_mutex_lock(&s->lock);
		s->requests++;
		c->behaviour = s->behaviour;
		buf_clear(&s->last_head);
		buf_add(&s->last_head, head.data, head.len);
		pthread_mutex_unlock(&s->lock);
		keep = strncmp(head.data, "GET", 3) == 0 ? server_download(c, head.data) : server_upload(c, head.data);
	}
	shutdown(c->fd, SHUT_RDWR); /* the descriptor itself goes in server_stop() */
	buf_release(&head);
	buf_release(&c->in);
	free(c);
	return NULL;
}

static void *server_accept_main(void *arg)
{
	struct server *s = arg;
	int fd;
	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		int one = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		struct server_connection *c = xcalloc(1, sizeof(*c));
		c->in = (struct buf)BUF_INIT;
		c->server = s;
		c->fd = fd;
		pthread_mutex_lock(&s->lock);
		s->sockets[s->connections] = fd;
		pthread_create(&s->threads[s->connections++], NULL, server_connection_main, c);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static struct server *server_start(void)
{
	struct server *s = xcalloc(1, sizeof(*s));
	s->last_head = (struct buf)BUF_INIT;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	s->behaviour.flip_at = UINT64_MAX;
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	int again = 1; /* a test may close the port and open it again */
	setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &again, sizeof(again));
	if (bind(s->listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(s->listener, 1024) != 0)
		abort();
	getsockname(s->listener, (struct sockaddr *)&address, &len);
	s->port = ntohs(address.sin_port);
	pthread_create(&s->acceptor, NULL, server_accept_main, s);
	return s;
}

static void server_stop(struct server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	close(s->listener);
	for (unsigned i = 0; i < s->connections; i++) {
		shutdown(s->sockets[i], SHUT_RDWR);
		pthread_join(s->threads[i], NULL);
		close(s->sockets[i]);
	}
	for (unsigned i = 0; i < SERVER_OBJECTS_MAX; i++)
		buf_release(&s->objects[i]);
	buf_release(&s->last_head);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

#endif
