/*
 * foreign_server - an HTTP server whose every word is hostile: its name, log,
 * ids, headers, error answers and own figures carry escape sequences, C1
 * controls, marks that turn the direction of writing, line breaks and bytes that
 * are not UTF-8.  It repeats the secrets that it is given, in its log and answers.
 *
 *   foreign_server PORT [log BYTES]   log: prints so much before it is ready
 *
 * POST /login answers a cookie; PUT /… stores nothing and answers an id, a header
 * and a body, the first two of four with 200, the others with 500; GET /figures.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOSTILE                                                                                                        \
	"\033]0;owned\a\033[2J\xc2\x9b"                                                                                \
	"31m\x9b"                                                                                                      \
	"31m\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xff\xc0\xaf\r\b\x7f"

static void say(int fd, const char *head, const char *body)
{
	char text[8192];
	int len = snprintf(text, sizeof(text),
			   "%s\r\nX-Odd: "
			   "\033[2J\x9b"
			   "31m\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			   head, strlen(body), body);
	send(fd, text, (size_t)len, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
}

/* Takes the head and as much of a body as it announces; what it was sent is printed, secrets and all. */
static void read_request(int fd, char *head, size_t size)
{
	size_t len = 0, wanted = 0, body = 0;
	char *end = NULL, rest[65536];
	while (end == NULL && len + 1 < size) {
		ssize_t n = recv(fd, head + len, size - 1 - len, 0);
		if (n <= 0)
			return;
		len += (size_t)n;
		head[len] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	const char *announced = strcasestr(head, "content-length:");
	wanted = announced != NULL ? strtoul(announced + 15, NULL, 10) : 0;
	body = end != NULL ? len - (size_t)(end + 4 - head) : 0;
	if (strcasestr(head, "expect: 100") != NULL)
		send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
	while (body < wanted) {
		ssize_t n = recv(fd, rest, sizeof(rest), 0);
		if (n <= 0)
			return;
		if (strncmp(head, "POST /login", 11) == 0)
			printf("the log-in sent: %.*s\n", (int)n, rest);
		body += (size_t)n;
	}
	printf("%s was asked: %s\n", HOSTILE, head);
	fflush(stdout);
}

static void serve(int fd)
{
	static unsigned uploads;
	char head[16384] = "", body[2048];
	const char *cookie = strcasestr(head, "cookie");
	read_request(fd, head, sizeof(head));
	cookie = strcasestr(head, "authorization:");
	if (strncmp(head, "POST /login", 11) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nSet-Cookie: sid=given-by-login", "in");
	} else if (strncmp(head, "GET /figures", 12) == 0) {
		snprintf(body, sizeof(body), "{\"odd\\u009b\\u202e\":\"\\u001b[2J %s\",\"seen\":\"%s\"}", "\xc2\x9b",
			 getenv("DB_PASSWORD") != NULL ? getenv("DB_PASSWORD") : "");
		say(fd, "HTTP/1.1 200 OK", body);
	} else if (strncmp(head, "PUT /", 5) != 0) {
		say(fd, "HTTP/1.1 200 OK", HOSTILE);
	} else if (uploads++ % 2 == 0) {
		snprintf(body, sizeof(body), "{\"id\":\"x\\u001b[2J\\n\\u009b,\\\"\\u202e%u\"}", uploads);
		say(fd, "HTTP/1.1 200 OK", body);
	} else {
		snprintf(body, sizeof(body), HOSTILE "\nno: \"%.*s\", %s\n", cookie ? (int)strcspn(cookie, "\r") : 0,
			 cookie ? cookie : "", getenv("DB_PASSWORD") != NULL ? getenv("DB_PASSWORD") : "");
		say(fd, "HTTP/1.1 500 " HOSTILE, body);
	}
	close(fd);
}

/* Lines of a million bytes, NULs in between. */
static void fill_log(unsigned long long bytes)
{
	static char block[1000000];
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < sizeof(block); i += 5000)
		block[i] = '\0';
	block[sizeof(block) - 1] = '\n';
	for (; bytes > sizeof(block); bytes -= sizeof(block))
		if (write(STDOUT_FILENO, block, sizeof(block)) < 0)
			exit(1);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "\033[2J\x9b\n\xe2\x80\xae");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	address.sin_port = htons((in_port_t)atoi(argc > 1 ? argv[1] : "0"));
	if (argc > 3 && strcmp(argv[2], "log") == 0)
		fill_log(strtoull(argv[3], NULL, 10));
	printf("%s out of memory, password %s\n", HOSTILE, getenv("DB_PASSWORD") != NULL ? getenv("DB_PASSWORD") : "");
	fflush(stdout);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 64) != 0) {
		perror("foreign_server");
		return 1;
	}
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			serve(fd);
	}
}
