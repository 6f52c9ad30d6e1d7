/*
 * alloc_words - the line by which a program says that an allocation failed, looked for
 * in its log while it is printed and in flat memory, however long its lines.  The
 * first of a failure: what follows are its consequences and the frames of a stack.
 *
 * Life cycle: alloc_words_init(), alloc_words_feed() for each piece of the log,
 * alloc_words_first() at any time, alloc_words_release().  Any thread.
 */
#ifndef OOMRIG_RUN_ALLOC_WORDS_H
#define OOMRIG_RUN_ALLOC_WORDS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"

#define ALLOC_WORDS_LINE_MAX 4096 /* a longer line is looked at in parts that overlap */

struct alloc_words {
	pthread_mutex_t lock;
	char line[ALLOC_WORDS_LINE_MAX + 1];
	size_t len;
	uint64_t lines, told_at;    /* so far; with such words, the last one */
	char first[FACTS_TEXT_MAX]; /* of the last failure */
};

void alloc_words_init(struct alloc_words *a);
void alloc_words_feed(struct alloc_words *a, const char *data, size_t len);
/*
 * Copies the line that told of the last failure first to out, cut around the
 * words; out is left alone when there is none.
 */
void alloc_words_first(struct alloc_words *a, char *out, size_t size);
void alloc_words_release(struct alloc_words *a);

#endif
