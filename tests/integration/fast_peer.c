/*
 * fast_peer - a server that answers without end, as fast as the socket takes it.
 *
 *   fast_peer PORT KIND [DELAY_MS]
 *
 * GET /health is answered well, DELAY_MS later; anything else with one of the
 * kinds below, for ever.  A thread for each connection.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define LONG OK "Content-Length: 1000000000000\r\n\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define PIECE_BYTES (1u << 20)
#define STACK_BYTES (64u << 10)
/* So that the health page is answered at once, however many others there are: what is slow then is the rig. */
#define FLOOD_NICE 10

static const struct kind {
	const char *name, *head, *text;
	bool slowly; /* one text each 20 ms */
} kinds[] = {
	{ .name = "body", .head = LONG, .text = "0123456789abcdef" },
	{ .name = "extensions", .head = CHUNKED "1;", .text = "0123456789abcdef" },
	{ .name = "trailers", .head = CHUNKED "0\r\n", .text = "a: b\r\n" },
	{ .name = "headers", .head = OK, .text = "a: b\r\n" },
	{ .name = "interim", .head = "", .text = "HTTP/1.1 103 X\r\na: b\r\n\r\n" },
	{ .name = "bytes", .head = LONG, .text = "a", .slowly = true },
	{ .name = NULL },
};

static const struct kind *kind;
static char *piece;
static size_t piece_len;
static unsigned delay_ms;

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool answer(int fd, const char *head)
{
	if (strncmp(head, "GET /health", 11) == 0) {
		usleep(delay_ms * 1000);
		return send_all(fd, OK "Content-Length: 2\r\n\r\nok", strlen(OK) + 23);
	}
	setpriority(PRIO_PROCESS, (id_t)gettid(), FLOOD_NICE);
	bool open = send_all(fd, kind->head, strlen(kind->head));
	while (open) {
		open = send_all(fd, piece, piece_len);
		if (kind->slowly)
			usleep(20000);
	}
	return false;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char head[4096];
	size_t len = 0;
	ssize_t n;
	while ((n = recv(fd, head + len, sizeof(head) - 1 - len, 0)) > 0) {
		len += (size_t)n;
		head[len] = '\0';
		if (strstr(head, "\r\n\r\n") == NULL)
			continue;
		len = 0;
		if (!answer(fd, head))
			break;
	}
	close(fd);
	return NULL;
}

static const struct kind *find_kind(const char *name)
{
	for (const struct kind *k = kinds; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static void fill_piece(void)
{
	size_t len = strlen(kind->text);
	piece = malloc(PIECE_BYTES);
	do {
		memcpy(piece + piece_len, kind->text, len);
		piece_len += len;
	} while (!kind->slowly && piece_len + len <= PIECE_BYTES);
}

int main(int argc, char **argv)
{
	kind = argc >= 3 ? find_kind(argv[2]) : NULL;
	if (kind == NULL)
		return 2;
	delay_ms = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	fill_piece();
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(argv[1])),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 4096) != 0)
		return 1;
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	for (;;) {
		pthread_t thread;
		int fd = accept(listener, NULL, NULL);
		if (fd >= 0 && pthread_create(&thread, &small, serve, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
	}
}
