#include "run/alloc_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* In any case of letters. */
static const char *const words[] = {
	"cannot allocate",	/* C, Go, Erlang */
	"out of memory",	/* C, Go, V8, Perl, .NET */
	"memory allocation of", /* Rust */
	"bad_alloc",		/* C++ */
	"OutOfMemory",		/* Java's Error, .NET's Exception */
	"Out_of_memory",	/* OCaml */
	"MemoryError",		/* Python; Ruby's NoMemoryError */
	"Allowed memory size",	/* PHP */
};

static bool speaks_of_allocation(const char *line)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(line, words[i]) != NULL)
			return true;
	return false;
}

void alloc_words_find(const char *log, size_t len, char *out, size_t size)
{
	for (const char *at = log, *end = log + len; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t line_len = (size_t)((newline != NULL ? newline : end) - at);
		char *line = xmalloc(line_len + 1);

		for (size_t i = 0; i < line_len; i++)
			line[i] = at[i] == '\0' ? '?' : at[i]; /* a log may hold anything */
		line[line_len] = '\0';
		if (speaks_of_allocation(line))
			snprintf(out, size, "%s", line);
		free(line);
		at += line_len + 1;
	}
}
