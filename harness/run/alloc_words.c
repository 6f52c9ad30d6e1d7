#include "run/alloc_words.h"

#include <stdio.h>
#include <string.h>

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

#define OVERLAP 32 /* more than the longest of them */
#define BEFORE 64  /* shown of a long line before such words */

/* Where such words stand in a line; NULL: nowhere. */
static const char *find(const char *line)
{
	/* Most lines hold neither of what each of the words holds. */
	if (strcasestr(line, "memory") == NULL && strcasestr(line, "alloc") == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strcasestr(line, words[i]);
		if (at != NULL)
			return at;
	}
	return NULL;
}

static void look(struct alloc_words *a)
{
	a->line[a->len] = '\0';
	const char *at = find(a->line);
	if (at == NULL)
		return;
	size_t before = (size_t)(at - a->line);
	snprintf(a->last, sizeof(a->last), "%s", before + OVERLAP < sizeof(a->last) ? a->line : at - BEFORE);
}

void alloc_words_init(struct alloc_words *a)
{
	memset(a, 0, sizeof(*a));
	pthread_mutex_init(&a->lock, NULL);
}

void alloc_words_feed(struct alloc_words *a, const char *data, size_t len)
{
	pthread_mutex_lock(&a->lock);
	for (const char *end = data + len; data < end;) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((newline != NULL ? newline : end) - data), room = ALLOC_WORDS_LINE_MAX - a->len;
		n = n < room ? n : room;
		for (size_t i = 0; i < n; i++)
			a->line[a->len++] = data[i] == '\0' ? '?' : data[i]; /* a log may hold anything */
		data += n;
		if (data == newline) {
			look(a);
			a->len = 0;
			data++;
		} else if (a->len == ALLOC_WORDS_LINE_MAX) {
			look(a);
			memmove(a->line, a->line + a->len - OVERLAP, OVERLAP);
			a->len = OVERLAP;
		}
	}
	pthread_mutex_unlock(&a->lock);
}

void alloc_words_last(struct alloc_words *a, char *out, size_t size)
{
	pthread_mutex_lock(&a->lock);
	look(a); /* the line under way */
	if (a->last[0] != '\0')
		snprintf(out, size, "%s", a->last);
	pthread_mutex_unlock(&a->lock);
}

void alloc_words_release(struct alloc_words *a)
{
	pthread_mutex_destroy(&a->lock);
}
