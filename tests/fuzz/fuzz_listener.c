/*
 * The bundled server's listener: the bytes come through a socket, as a client's
 * do, to a server that runs in this process with every part but its main().
 */
int chunkserver_main(int argc, char **argv);
#define main chunkserver_main
#include "../../server-under-test/main.c"
#undef main

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "fuzz.h"

#define ANSWER_MAX_S 10

static struct server *running_server(void)
{
	static struct server server;
	static bool running;
	if (running)
		return &server;
	const char *preset[] = { "chunkserver", "--data", fuzz_scratch(), "--tmp", fuzz_scratch(), NULL };
	static struct settings settings;
	struct error err = ERROR_INIT;
	signal(SIGPIPE, SIG_IGN);
	if (settings_read(&settings, 5, (char **)(uintptr_t)preset, &err) != 0 ||
	    server_start(&server, &settings, &err) != 0)
		abort();
	running = true;
	return &server;
}

static int connect_to(const struct server *server)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)http_port(server->daemon)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = ANSWER_MAX_S };
	/* From one address after the other: each has ports of its own, which are not free again at once. */
	static uint32_t client;
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + client++ % 1000) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char answer[4096];
	ssize_t got;
	int fd = connect_to(running_server());
	while (size > 0 && (got = send(fd, data, size, MSG_NOSIGNAL)) > 0) {
		data += got;
		size -= (size_t)got;
	}
	shutdown(fd, SHUT_WR);
	do
		got = recv(fd, answer, sizeof(answer), 0);
	while (got > 0);
	if (got < 0 && errno == EAGAIN)
		abort(); /* neither an answer nor an end */
	close(fd);
	return 0;
}
