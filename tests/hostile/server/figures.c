/* What is said of the server's health and in its figures. */
#include <stdlib.h>
#include <string.h>

#include "misbehave.h"

#define OK "HTTP/1.1 200 OK"

static enum reply hang(struct request *r)
{
	(void)r;
	wait_for_ever();
}

static enum reply health_500(struct request *r)
{
	return say_body(r->fd, "HTTP/1.1 500 Ill", "ill", 3);
}

static enum reply flips(struct request *r)
{
	static int asked;
	return __atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED) % 2 ? health_500(r) : ORDINARY;
}

static enum reply drops(struct request *r)
{
	(void)r;
	return HANG_UP;
}

static enum reply endless(struct request *r)
{
	return say_forever(r->fd, OK "\r\n\r\n{\"a\": \"",
			   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static enum reply deep(struct request *r)
{
	char *text = malloc(MIB);
	must(text != NULL, "memory");
	memset(text, '[', MIB);
	enum reply reply = say_body(r->fd, OK, text, MIB);
	free(text);
	return reply;
}

#define FIGURE(name, body)                                                                                             \
	static enum reply name(struct request *r)                                                                      \
	{                                                                                                              \
		return say_body(r->fd, OK, body, sizeof(body) - 1);                                                    \
	}
FIGURE(not_json, "\xff\xfe{{{")
FIGURE(numbers, "{\"a\": 1e999, \"b\": -1, \"pass\": 99999999999999999999, \"c\": 1e-999}")
FIGURE(escape, "{\"\\u001b[2J\": \"\\u009b31m\\u0000\\n\", \"a\": \"\\ud800\"}")
FIGURE(newlines, "{\n\"a\":\r\n1\n}\n{\"b\": 2}\n")

const struct way figures[] = {
	{ "health-hangs", "health is never answered", .answer = hang, .only = HEALTH },
	{ "health-500", "health says 500", .answer = health_500, .only = HEALTH },
	{ "health-flips", "health says 200 and 500 in turn", .answer = flips, .only = HEALTH },
	{ "health-drops", "health hangs up", .answer = drops, .only = HEALTH },
	{ "health-endless", "health never ends", .answer = endless, .only = HEALTH },
	{ "figures-hang", "figures are never given", .answer = hang, .only = FIGURES },
	{ "figures-endless", "figures never end", .answer = endless, .only = FIGURES },
	{ "figures-deep", "a million brackets", .answer = deep, .only = FIGURES },
	{ "figures-not-json", "figures that are no JSON", .answer = not_json, .only = FIGURES },
	{ "figures-numbers", "numbers beyond every range", .answer = numbers, .only = FIGURES },
	{ "figures-escape", "control bytes in names and values", .answer = escape, .only = FIGURES },
	{ "figures-newlines", "several lines, two documents", .answer = newlines, .only = FIGURES },
	{ NULL }
};
