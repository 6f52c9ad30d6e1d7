/* alloc_words - the words by which programs say that an allocation failed.  Pure. */
#ifndef OOMRIG_RUN_ALLOC_WORDS_H
#define OOMRIG_RUN_ALLOC_WORDS_H

#include <stddef.h>

/* Copies the last line of a log that holds such words to out, which is left alone when there is none. */
void alloc_words_find(const char *log, size_t len, char *out, size_t size);

#endif
