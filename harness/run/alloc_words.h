/*
 * alloc_words - the words by which programs say that an allocation failed, looked
 * for in a log while it is printed and in flat memory, however long its lines.
 *
 * Life cycle: alloc_words_init(), alloc_words_feed() for each piece of the log,
 * alloc_words_last() at any time, alloc_words_release().  Any thread.
 */
#ifndef OOMRIG_RUN_ALLOC_WORDS_H
#define OOMRIG_RUN_ALLOC_WORDS_H

#include <pthread.h>
#include <stddef.h>

#include "facts/facts.h"

#define ALLOC_WORDS_LINE_MAX 4096 /* a longer line is looked at in parts that overlap */

struct alloc_words {
	pthread_mutex_t lock;
	char line[ALLOC_WORDS_LINE_MAX + 1];
	size_t len;
	char last[FACTS_TEXT_MAX];
};

void alloc_words_init(struct alloc_words *a);
void alloc_words_feed(struct alloc_words *a, const char *data, size_t len);
/* Copies the last line with such words to out, cut around them; left alone when there is none. */
void alloc_words_last(struct alloc_words *a, char *out, size_t size);
void alloc_words_release(struct alloc_words *a);

#endif
