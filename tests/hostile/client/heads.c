/* Heads of requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pester.h"

#define HOST "Host: x\r\n"

static void slow_head(void)
{
	int fd = dial();
	for (const char *at = "GET /healthz HTTP/1.1\r\nHost: x"; *at != '\0' && give_bytes(fd, at, 1); at++)
		sleep_ms(60);
	close(fd);
}

static void endless_head(void)
{
	int fd = dial();
	give(fd, "GET /healthz HTTP/1.1\r\nX-Endless: ");
	give_again(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64 * MIB);
	close(fd);
}

static void endless_line(void)
{
	int fd = dial();
	give_again(fd, "GETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGET", 64 * MIB);
	close(fd);
}

static void header_bomb(void)
{
	int fd = dial();
	give(fd, "GET /healthz HTTP/1.1\r\n" HOST);
	give_again(fd, "A: b\r\n", 16 * MIB);
	give(fd, "\r\n");
	drain(fd);
	close(fd);
}

static void long_path(void)
{
	int fd = dial();
	give(fd, "GET /");
	give_again(fd, "../%00%2e%2e%2f", 4 * MIB);
	give(fd, " HTTP/1.1\r\n" HOST "\r\n");
	close(fd);
}

static void odd_heads(void)
{
	static const char *const texts[] = {
		"\r\n\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET /healthz\r\n\r\n",
		"GET /healthz HTTP/9.9\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"\x16\x03\x01\x02\x01\x01\xfc\x03\x03",
		"GET http://127.0.0.1:9/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
		"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /healthz HTTP/1.1\r\n: x\r\n x\r\n\t\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
		"GET /\033[2J%1b%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /-%00 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /-../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE /api/entry/'%20OR%201=1;-- HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /-' HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\nCookie: a=b; =; ;;\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ask(texts[i]);
	int fd = dial();
	give_bytes(fd, "GET /\0healthz HTTP/1.1\r\n\0: \0\r\n\r\n", 35);
	close(fd);
}

static size_t ask_ranges(const char *one, int count)
{
	int fd = dial();
	givef(fd, "GET /-%s HTTP/1.1\r\n" HOST "Connection: close\r\nRange: bytes=", object_id);
	for (int i = 0; i < count; i++)
		givef(fd, "%s%s", i > 0 ? "," : "", one);
	give(fd, "\r\n\r\n");
	size_t got = drain(fd);
	close(fd);
	return got;
}

static void whole_ranges(void)
{
	size_t got = ask_ranges("0-", 64);
	if (got > 2 * OBJECT_BYTES)
		fault("%zu bytes for an object of %lu", got, OBJECT_BYTES);
}

static void many_ranges(void)
{
	size_t got = ask_ranges("0-0", 5000);
	if (got > 2 * OBJECT_BYTES)
		fault("%zu bytes for an object of %lu", got, OBJECT_BYTES);
	got = ask_ranges("0-999,500-1500", 300);
	if (got > 3 * OBJECT_BYTES)
		fault("%zu bytes for an object of %lu", got, OBJECT_BYTES);
}

static void odd_ranges(void)
{
	static const char *const ranges[] = { "-",
					      "9-1",
					      "-0",
					      "99999999999999999999-",
					      "0-99999999999999999999",
					      "-99999999999999999999",
					      "a-b",
					      "0x1-0x2",
					      " 1 - 2 ",
					      "1--2",
					      ",,,,",
					      "1-2,",
					      "18446744073709551615-18446744073709551615",
					      "-9223372036854775808" };
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (ask_ranges(ranges[i], 1) > 2 * OBJECT_BYTES)
			fault("more than the object for '%s'", ranges[i]);
}

static void pipelined(void)
{
	int fd = dial();
	for (int i = 0; i < 2000; i++)
		if (!give(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"))
			break;
	drain(fd);
	close(fd);
}

static void pipelined_unread(void)
{
	int fd = dial();
	for (int i = 0; i < 2000; i++)
		if (!givef(fd, "GET /-%s HTTP/1.1\r\n" HOST "\r\n", object_id))
			break;
	reset(fd);
}

const struct pest heads[] = { { "slow-head", "a head, byte by byte", slow_head },
			      { "endless-head", "a header that never ends", endless_head },
			      { "endless-request-line", "a method that never ends", endless_line },
			      { "header-bomb", "millions of headers", header_bomb },
			      { "long-path", "a path of 4 MiB", long_path },
			      { "odd-heads", "methods, versions, paths and bytes that are not HTTP", odd_heads },
			      { "whole-ranges", "the whole object 64 times in one request", whole_ranges },
			      { "many-ranges", "ranges by the thousand", many_ranges },
			      { "odd-ranges", "ranges backwards, beyond 64 bits, in words", odd_ranges },
			      { "pipelines", "2,000 requests before the first answer is read", pipelined },
			      { "pipelines-unread", "2,000 downloads that nobody reads", pipelined_unread },
			      { NULL, NULL, NULL } };
