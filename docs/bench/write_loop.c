/*
 * write_loop - the least an upload can cost: one connection, the head of a PUT,
 * then blocking write() of the same buffer until the body is sent, then the
 * answer.  Prints bytes and the CPU time this took as JSON.
 *
 *   write_loop PORT SIZE [TIMES] [BUFFER]     127.0.0.1; sizes as 618MB, 256KiB
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put(int fd, const char *buffer, size_t buffer_bytes, uint64_t size_bytes)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %" PRIu64 "\r\n\r\n", size_bytes);
	if (write_all(fd, text, (size_t)len) != 0)
		return -1;
	for (uint64_t left = size_bytes; left > 0;) {
		size_t part = left < buffer_bytes ? (size_t)left : buffer_bytes;
		if (write_all(fd, buffer, part) != 0)
			return -1;
		left -= part;
	}
	ssize_t n = read(fd, text, sizeof(text) - 1);
	return n > 12 && memcmp(text + 9, "200", 3) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	uint64_t size_bytes = 0, times = 1, buffer_bytes = 256 << 10;
	if (argc < 3 || units_parse_size(argv[2], &size_bytes, &err) != 0 ||
	    (argc > 3 && units_parse_count(argv[3], &times, &err) != 0) ||
	    (argc > 4 && units_parse_size(argv[4], &buffer_bytes, &err) != 0) || buffer_bytes == 0) {
		fprintf(stderr, "usage: write_loop PORT SIZE [TIMES] [BUFFER] %s\n", err.message);
		return 2;
	}
	char *buffer = xmalloc(buffer_bytes);
	memset(buffer, 'x', buffer_bytes);

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror("cannot connect");
		return 3;
	}
	uint64_t wall_ns = clock_ns(), cpu_ns = clock_process_cpu_ns();
	for (uint64_t i = 0; i < times; i++) {
		if (put(fd, buffer, buffer_bytes, size_bytes) != 0) {
			fprintf(stderr, "the server did not take upload %" PRIu64 "\n", i + 1);
			return 3;
		}
	}
	wall_ns = clock_ns() - wall_ns;
	cpu_ns = clock_process_cpu_ns() - cpu_ns;
	printf("{\"bytes\": %" PRIu64 ", \"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 "}\n", size_bytes * times,
	       wall_ns, cpu_ns);
	close(fd);
	free(buffer);
	return 0;
}
