/*
 * buf - a growing byte string, always NUL-terminated.  Its text is never NULL: an
 * empty one reads as "".
 *
 * Life cycle: BUF_INIT, also for one inside a struct that is otherwise zeroed;
 * buf_add*() as often as needed, read .data/.len, then buf_release() or
 * buf_detach().  Running out of memory aborts: the rig stays outside the cap and
 * keeps its memory flat, so a failed small allocation is our own bug or a dying
 * host, never a result.
 * Not thread-safe.
 */
#ifndef OOMRIG_BASE_BUF_H
#define OOMRIG_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data; /* written to only within len: an empty one may be shared */
	size_t len;
	size_t cap; /* 0: data is buf_empty */
};

/* The text of every buf that holds no memory. */
extern char buf_empty[1];

#define BUF_INIT                                                                                                       \
	{                                                                                                              \
		.data = buf_empty, .len = 0, .cap = 0                                                                  \
	}

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);

/* Forgets the contents, keeps the memory. */
void buf_clear(struct buf *b);
void buf_release(struct buf *b);

/* The contents as a C string, "" when empty; borrowed until the next call on b. */
const char *buf_str(const struct buf *b);

/* The contents as a heap string the caller frees; b is empty afterwards. */
char *buf_detach(struct buf *b);

/* Allocation that aborts with a message instead of returning NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
