#include "run/alloc_words.h"

#include <stdio.h>
#include <string.h>

#include "run/alloc_line.h"

#define OVERLAP ALLOC_LINE_SPAN
#define BEFORE 64 /* shown of a long line before such words */

/*
 * One failure is often told more than once: by the cause, by what it led to, by
 * the frames of a stack.  Lines with such words that follow one another within
 * so many others are of one failure.
 */
#define ONE_FAILURE_LINES 1000

_Static_assert(ALLOC_WORDS_LINE_MAX <= ALLOC_LINE_MAX, "a line is looked at as a whole");

static void look(struct alloc_words *a)
{
	a->line[a->len] = '\0';
	const char *at = alloc_line_find(a->line);
	if (at == NULL)
		return;
	bool same = a->first[0] != '\0' && a->lines - a->told_at <= ONE_FAILURE_LINES;
	a->told_at = a->lines;
	if (same)
		return;
	size_t before = (size_t)(at - a->line);
	snprintf(a->first, sizeof(a->first), "%s", before + ALLOC_LINE_SPAN < sizeof(a->first) ? a->line : at - BEFORE);
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
			a->lines++;
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

void alloc_words_first(struct alloc_words *a, char *out, size_t size)
{
	pthread_mutex_lock(&a->lock);
	look(a); /* the line under way */
	if (a->first[0] != '\0')
		snprintf(out, size, "%s", a->first);
	pthread_mutex_unlock(&a->lock);
}

void alloc_words_release(struct alloc_words *a)
{
	pthread_mutex_destroy(&a->lock);
}
