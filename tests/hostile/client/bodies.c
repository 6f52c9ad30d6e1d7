/* Bodies of uploads, and what is said about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pester.h"

#define PUT "PUT /api/entry HTTP/1.1\r\nHost: x\r\n"
#define FORM "POST /api/entry HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define FILE_PART "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"

static void endless_chunks(void)
{
	int fd = dial();
	give(fd, PUT CHUNKED);
	give_again(fd, "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n1\r\nf\r\n1\r\ng\r\n1\r\nh\r\n", 16 * MIB);
	reset(fd);
}

static void endless_extension(void)
{
	int fd = dial();
	give(fd, PUT CHUNKED "1;");
	give_again(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32 * MIB);
	close(fd);
}

static void endless_trailers(void)
{
	int fd = dial();
	give(fd, PUT CHUNKED "1\r\na\r\n0\r\n");
	give_again(fd, "X-Trailer: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 32 * MIB);
	close(fd);
}

static void odd_chunks(void)
{
	static const char *const chunks[] = { "-1\r\na\r\n",	  "ffffffffffffffffff\r\na\r\n",
					      "zz\r\n",		  "\r\n\r\n",
					      "1\r\nabc\r\n",	  "0x5\r\nabcde\r\n0\r\n\r\n",
					      " 5 \r\nabcde\r\n", "5\nabcde\n0\n\n" };
	char text[512];
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		snprintf(text, sizeof(text), PUT CHUNKED "%s", chunks[i]);
		ask(text);
	}
}

static void odd_lengths(void)
{
	static const char *const lengths[] = {
		"Content-Length: -1\r\n\r\n",
		"Content-Length: 99999999999999999999\r\n\r\n",
		"Content-Length: 18446744073709551615\r\n\r\na",
		"Content-Length: 9223372036854775807\r\n\r\na",
		"Content-Length: many\r\n\r\n",
		"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
		"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
		"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked, identity\r\n\r\n",
		"Content-Length: 3\r\n\r\nabcGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"Content-Length: 1000\r\n\r\nshort",
		"Content-Length:\r\n\r\n",
		"Content-Length: +3\r\n\r\nabc",
		"Content-Length: 3, 3\r\n\r\nabc",
	};
	char text[512];
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		snprintf(text, sizeof(text), PUT "%s", lengths[i]);
		ask(text);
	}
}

static void bad_forms(void)
{
	static const char *const forms[] = {
		"\r\nContent-Length: 5\r\n\r\nabcde",
		"; boundary=\r\nContent-Length: 5\r\n\r\nabcde",
		"; boundary=\"\r\nContent-Length: 5\r\n\r\nabcde",
		"; boundary=b\r\nContent-Length: 5\r\n\r\n--b--",
		"; boundary=b\r\nContent-Length: 12\r\n\r\n--b\r\n\r\n\r\n--b",
		"; boundary=b\r\nContent-Length: 0\r\n\r\n",
		"; boundary=b\r\nContent-Length: 40\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"\r\n",
		"; boundary=b; boundary=c\r\nContent-Length: 14\r\n\r\n--c\r\n\r\na\r\n--c--",
	};
	char text[512];
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(text, sizeof(text), FORM "%s", forms[i]);
		ask(text);
	}
}

/* A form without end: the head of it, then the piece for ever. */
static void endless_form(const char *begin, const char *piece)
{
	int fd = dial();
	give(fd, FORM "; boundary=b\r\n" CHUNKED);
	givef(fd, "%zx\r\n%s\r\n", strlen(begin), begin);
	char chunk[512];
	snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", strlen(piece), piece);
	give_again(fd, chunk, 16 * MIB);
	reset(fd);
}

static void endless_parts(void)
{
	endless_form("--b\r\n", "Content-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--b\r\n");
}

static void endless_part_head(void)
{
	endless_form("--b\r\nX-Endless: ",
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void endless_name(void)
{
	endless_form("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
		     "../../../nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
}

static void almost_boundaries(void)
{
	endless_form("--b\r\n" FILE_PART, "\r\n--\r\n--\r\n-\r\n--B\r\n--\r\n--\r\n-\r\n--B\r\n--\r\n--\r\n-\r\n--B");
}

static void many_files(void)
{
	endless_form("--b\r\n", FILE_PART "x\r\n--b\r\n");
}

static void long_boundary(void)
{
	int fd = dial();
	give(fd, FORM "; boundary=");
	give_again(fd, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 20 * KIB);
	give(fd, "\r\nContent-Length: 5\r\n\r\nabcde");
	drain(fd);
	close(fd);
}

static void expects(void)
{
	int fds[50];
	for (int i = 0; i < 50; i++) {
		fds[i] = dial();
		give(fds[i], PUT "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
	}
	ask(PUT "Content-Length: 5\r\nExpect: the-unexpected\r\n\r\nabcde");
	for (int i = 0; i < 50; i++)
		reset(fds[i]);
}

static void resets(void)
{
	char piece[65536];
	memset(piece, 'p', sizeof(piece));
	for (int i = 0; i < 60; i++) {
		int fd = dial();
		give(fd, PUT "Content-Length: 10000000\r\n\r\n");
		for (int n = 0; n < i % 10; n++)
			give_bytes(fd, piece, sizeof(piece));
		reset(fd);
	}
}

static void slow_body(void)
{
	int fds[30];
	for (int i = 0; i < 30; i++) {
		fds[i] = dial();
		give(fds[i], PUT "Content-Length: 1000\r\n\r\n");
	}
	for (int n = 0; n < 20; n++) {
		for (int i = 0; i < 30; i++)
			give(fds[i], "a");
		sleep_ms(100);
	}
	for (int i = 0; i < 30; i++)
		close(fds[i]);
}

static void gives_and_halves(void)
{
	int fd = dial();
	give(fd, PUT "Content-Length: 100\r\n\r\nonly this");
	shutdown(fd, SHUT_WR);
	drain(fd);
	close(fd);
}

const struct pest bodies[] = { { "endless-chunks", "chunks of one byte, without end", endless_chunks },
			       { "endless-extension", "a chunk extension that never ends", endless_extension },
			       { "endless-trailers", "trailers without end", endless_trailers },
			       { "odd-chunks", "chunk sizes that are none", odd_chunks },
			       { "odd-lengths", "lengths that are wrong, double, beyond 64 bits, beside chunks",
				 odd_lengths },
			       { "bad-forms", "boundaries that are missing, empty, open", bad_forms },
			       { "endless-parts", "fields without end", endless_parts },
			       { "endless-part-head", "the header of a part never ends", endless_part_head },
			       { "endless-file-name", "a file name that never ends", endless_name },
			       { "almost-boundaries", "what nearly is a boundary, without end", almost_boundaries },
			       { "many-files", "files without end in one form", many_files },
			       { "long-boundary", "a boundary of 20 KiB", long_boundary },
			       { "expects", "Expect: 100-continue, and nothing follows", expects },
			       { "resets-mid-body", "60 uploads, each cut by a reset", resets },
			       { "slow-bodies", "30 uploads of ten bytes a second", slow_body },
			       { "half-closes-mid-body", "closes its half within the body", gives_and_halves },
			       { NULL, NULL, NULL } };
