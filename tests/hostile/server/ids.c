/* What is given as the id of a new object; the scenario says server.upload.id_json=/id. */
#include <stdlib.h>
#include <string.h>

#include "misbehave.h"

#define ID(name, body)                                                                                                 \
	static enum reply name(struct request *r)                                                                      \
	{                                                                                                              \
		return say_body(r->fd, NULL, "{\"id\": " body "}", sizeof("{\"id\": " body "}") - 1);                  \
	}
ID(nul, "\"a\\u0000b\"")
ID(newline, "\"a\\r\\nX-Evil: yes\\r\\n\\r\\nGET /evil HTTP/1.1\"")
ID(dots, "\"../../../../etc/passwd\"")
ID(query, "\"a?b#c%zz%00&d\"")
ID(escape, "\"\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\"")
ID(url, "\"http://127.0.0.1:9/\"")
ID(empty, "\"\"")
ID(number, "123456789012345678901234567890")
ID(object, "{\"deeper\": [1, 2]}")
ID(not_utf8, "\"\xff\xfe\x80\"")
ID(template, "\"{id}{{name}}{now+24h}{port}\"")

static enum reply say_filled(struct request *r, const char *before, char with, size_t count, const char *after)
{
	size_t len = strlen(before) + count + strlen(after);
	char *text = malloc(len + 1);
	must(text != NULL, "memory");
	memcpy(text, before, strlen(before));
	memset(text + strlen(before), with, count);
	memcpy(text + strlen(before) + count, after, strlen(after) + 1);
	enum reply reply = say_body(r->fd, NULL, text, len);
	free(text);
	return reply;
}

static enum reply huge(struct request *r)
{
	return say_filled(r, "{\"id\": \"", 'i', MIB, "\"}");
}

static enum reply huge_answer(struct request *r)
{
	return say_filled(r, "{\"id\": \"x\", \"rest\": \"", 'r', 200 * MIB / 8, "\"}");
}

static enum reply deep(struct request *r)
{
	return say_filled(r, "{\"id\": ", '[', 4 * MIB, "");
}

static enum reply none(struct request *r)
{
	return say_body(r->fd, NULL, "", 0);
}

const struct way ids[] = { { "id-nul", "an id with NUL", .answer = nul },
			   { "id-newline", "an id with a request in it", .answer = newline },
			   { "id-dots", "an id of ../", .answer = dots },
			   { "id-query", "an id of ?#%", .answer = query },
			   { "id-escape", "an id of control bytes", .answer = escape },
			   { "id-url", "an id that is a URL", .answer = url },
			   { "id-empty", "an empty id", .answer = empty },
			   { "id-number", "a number beyond 64 bits", .answer = number },
			   { "id-object", "an object as id", .answer = object },
			   { "id-not-utf8", "an id that is no UTF-8", .answer = not_utf8 },
			   { "id-template", "an id that looks like a template", .answer = template },
			   { "id-of-1-mib", "an id of 1 MiB", .answer = huge },
			   { "id-in-25-mib", "an answer of 25 MiB around the id", .answer = huge_answer },
			   { "id-deep", "four million brackets", .answer = deep },
			   { "id-absent", "no id at all", .answer = none },
			   { NULL } };
