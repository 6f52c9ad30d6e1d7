/* What is said to an upload, after all of it came or before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "misbehave.h"

#define CREATED "HTTP/1.1 201 Created\r\n"
#define CHUNKED CREATED "Transfer-Encoding: chunked\r\n\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define PIECE_BYTES 16384

/* ANSWER(name, text): says the text and stays; GONE hangs up after it; ENDLESS goes on saying the second text. */
#define ANSWER(name, text)                                                                                             \
	static enum reply name(struct request *r)                                                                      \
	{                                                                                                              \
		return say_bytes(r->fd, text, sizeof(text) - 1) ? ANSWERED : HANG_UP;                                  \
	}
#define GONE(name, text)                                                                                               \
	static enum reply name(struct request *r)                                                                      \
	{                                                                                                              \
		say_bytes(r->fd, text, sizeof(text) - 1);                                                              \
		return HANG_UP;                                                                                        \
	}
#define ENDLESS(name, text, again)                                                                                     \
	static enum reply name(struct request *r)                                                                      \
	{                                                                                                              \
		return say_forever(r->fd, text, again);                                                                \
	}

#define LINE "X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
#define BLOB "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CHUNK "10\r\naaaaaaaaaaaaaaaa\r\n10\r\naaaaaaaaaaaaaaaa\r\n10\r\naaaaaaaaaaaaaaaa\r\n"
ENDLESS(endless_header, CREATED "X-Endless: ", BLOB BLOB BLOB BLOB BLOB BLOB)
ENDLESS(endless_headers, CREATED, LINE LINE LINE LINE)
ENDLESS(endless_trailers, CHUNKED "0\r\n", LINE LINE LINE LINE)
ENDLESS(endless_extension, CHUNKED "5;", BLOB BLOB BLOB BLOB BLOB BLOB)
ENDLESS(endless_chunks, CHUNKED, CHUNK CHUNK CHUNK CHUNK CHUNK)
ENDLESS(endless_body, CREATED "\r\n", BLOB BLOB BLOB BLOB BLOB BLOB)
ENDLESS(endless_status, "HTTP/1.1 201 ", BLOB BLOB BLOB BLOB BLOB BLOB)
ENDLESS(continues, "", "HTTP/1.1 100 Continue\r\n\r\n")
ENDLESS(hints, "", "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
ENDLESS(folded, CREATED "X-Folded: a\r\n", " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
GONE(length_short, CREATED "Content-Length: 3\r\n\r\nabcdefghijkl")
GONE(length_long, CREATED "Content-Length: 100\r\n\r\nabc")
GONE(length_negative, CREATED "Content-Length: -5\r\n\r\n")
GONE(length_huge, CREATED "Content-Length: 99999999999999999999999999\r\n\r\n")
GONE(length_twice, CREATED "Content-Length: 0\r\nContent-Length: 7\r\n\r\n")
GONE(length_words, CREATED "Content-Length: many\r\n\r\n")
GONE(chunk_size_huge, CHUNKED "ffffffffffffffffffff\r\nabc")
GONE(chunk_size_negative, CHUNKED "-1\r\nabc\r\n0\r\n\r\n")
GONE(switching, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
ANSWER(redirect_loop, "HTTP/1.1 307 Again\r\nLocation: /again\r\n" EMPTY)
ANSWER(redirect_file, "HTTP/1.1 302 There\r\nLocation: file:///etc/hostname\r\n" EMPTY)
ANSWER(redirect_away, "HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:9/\r\n" EMPTY)
GONE(http_0_9, "created\n")
GONE(http_2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
GONE(garbage, "\x16\x03\x01\0\xff\xfe\x80\x90\r\n\r\n\033[2J\0\0\0\n\n\n")
GONE(status_999, "HTTP/1.1 999 Beyond\r\n" EMPTY)
GONE(status_word, "HTTP/1.1 fine thanks\r\n" EMPTY)
GONE(nul_in_header, CREATED "X-Nul: a\0b\r\n" EMPTY)
GONE(escape_in_status, "HTTP/1.1 500 \033[2J\033]0;owned\a\xc2\x9b"
		       "31m\r\n" EMPTY)
GONE(escape_in_body, "HTTP/1.1 500 No\r\nContent-Length: 21\r\n\r\n\033[2J\033]0;owned\a\r\n\xff\xfe\x80\x9b")
GONE(colonless, CREATED "no colon here\r\n : \r\n" EMPTY)
ANSWER(two_answers, CREATED EMPTY CREATED EMPTY CREATED EMPTY)
GONE(keeps_then_closes, CREATED "Connection: keep-alive\r\nKeep-Alive: timeout=999\r\n" EMPTY)

static enum reply drip(struct request *r)
{
	bool there = say(r->fd, CREATED "Content-Length: 1000\r\n\r\n");
	for (int i = 0; there && i < 1000; i++) {
		there = say(r->fd, "a");
		sleep_ms(1000);
	}
	return HANG_UP;
}

static enum reply drip_head(struct request *r)
{
	for (const char *at = CREATED "X-Slow: yes\r\n" EMPTY; *at != '\0' && say_bytes(r->fd, at, 1); at++)
		sleep_ms(1000);
	return HANG_UP;
}

static enum reply silent(struct request *r)
{
	(void)r;
	wait_for_ever();
}

static enum reply many_cookies(struct request *r)
{
	char line[128];
	bool there = say(r->fd, CREATED);
	for (int i = 0; there && i < 3000; i++) {
		snprintf(line, sizeof(line), "Set-Cookie: c%d=%060d; Path=/\r\n", i, i);
		there = say(r->fd, line);
	}
	return there && say(r->fd, EMPTY) ? ANSWERED : HANG_UP;
}

static enum reply early_refusal(struct request *r)
{
	char piece[PIECE_BYTES];
	say(r->fd, "HTTP/1.1 413 Too Much\r\n" EMPTY);
	while (recv(r->fd, piece, sizeof(piece), 0) > 0)
		;
	return HANG_UP;
}

static enum reply early_and_deaf(struct request *r)
{
	say(r->fd, CREATED EMPTY);
	wait_for_ever();
}

/* RFC 1951 3.2.6, fixed codes: a literal 0, then matches of 258 bytes at distance 1, 13 bits each. */
static size_t bomb(unsigned char *out, size_t size)
{
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	size_t at = sizeof(head) * 8;
	memset(out, 0, size);
	memcpy(out, head, sizeof(head));
#define BIT(b) (out[at / 8] |= (unsigned char)((b) << at % 8), at++)
	for (const char *c = "1"
			     "10"
			     "00110000";
	     *c != '\0'; c++)
		BIT(*c - '0');
	while (at / 8 + 4 < size)
		for (const char *c = "11000101"
				     "00000";
		     *c != '\0'; c++)
			BIT(*c - '0');
#undef BIT
	return at / 8;
}

static enum reply gzip_bomb(struct request *r)
{
	unsigned char *packed = malloc(4 * MIB);
	must(packed != NULL, "memory");
	size_t len = bomb(packed, 4 * MIB);
	enum reply reply = say_body(r->fd, CREATED "Content-Type: application/json\r\nContent-Encoding: gzip",
				    (char *)packed, len);
	free(packed);
	return reply;
}

const struct way answers[] = { { "endless-header", "one header that never ends", .answer = endless_header },
			       { "endless-headers", "headers for ever", .answer = endless_headers },
			       { "endless-folded", "a folded header for ever", .answer = folded },
			       { "endless-status", "a reason phrase that never ends", .answer = endless_status },
			       { "endless-trailers", "trailers for ever", .answer = endless_trailers },
			       { "endless-extension", "a chunk extension that never ends",
				 .answer = endless_extension },
			       { "endless-chunks", "chunks for ever", .answer = endless_chunks },
			       { "endless-body", "a body for ever", .answer = endless_body },
			       { "continues-for-ever", "100 Continue for ever", .answer = continues },
			       { "hints-for-ever", "103 Early Hints for ever", .answer = hints },
			       { "switches-protocols", "101 nobody asked for", .answer = switching },
			       { "drips-body", "one byte of the body a second", .answer = drip },
			       { "drips-head", "one byte of the head a second", .answer = drip_head },
			       { "never-answers", "uploads stay unanswered", .answer = silent },
			       { "length-short", "more body than its length says", .answer = length_short },
			       { "length-long", "less body than its length says", .answer = length_long },
			       { "length-negative", "Content-Length: -5", .answer = length_negative },
			       { "length-huge", "a length beyond 64 bits", .answer = length_huge },
			       { "length-twice", "two lengths that differ", .answer = length_twice },
			       { "length-in-words", "Content-Length: many", .answer = length_words },
			       { "chunk-size-huge", "a chunk size beyond 64 bits", .answer = chunk_size_huge },
			       { "chunk-size-negative", "a chunk size of -1", .answer = chunk_size_negative },
			       { "redirect-loop", "sends in circles", .answer = redirect_loop },
			       { "redirect-to-file", "sends to file:", .answer = redirect_file },
			       { "redirect-elsewhere", "sends to another server", .answer = redirect_away },
			       { "http-0.9", "a body without a head", .answer = http_0_9 },
			       { "http-2-preface", "speaks HTTP/2", .answer = http_2 },
			       { "garbage", "bytes that are not HTTP", .answer = garbage },
			       { "status-999", "a status that does not exist", .answer = status_999 },
			       { "status-in-words", "a status that is no number", .answer = status_word },
			       { "nul-in-header", "a NUL in a header", .answer = nul_in_header },
			       { "escape-in-status", "control bytes in the reason phrase", .answer = escape_in_status },
			       { "escape-in-error", "control bytes in the body of an error", .answer = escape_in_body },
			       { "headers-without-colon", "lines that are no headers", .answer = colonless },
			       { "two-answers", "three answers to one request", .answer = two_answers },
			       { "keeps-then-closes", "promises to stay and closes", .answer = keeps_then_closes },
			       { "many-cookies", "3,000 cookies", .answer = many_cookies },
			       { "gzip-bomb", "4 MiB that would be 660", .answer = gzip_bomb },
			       { "early-refusal", "413 while the body comes", .head = early_refusal },
			       { "early-and-deaf", "201 to the head, then reads nothing", .head = early_and_deaf },
			       { NULL } };
