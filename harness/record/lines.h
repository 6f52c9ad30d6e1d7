/*
 * lines - the text files of a stored run, a line at a time.  What is stored may
 * be damaged or made up: only regular files are opened (a FIFO would never
 * answer), and no line is held that is longer than LINES_MAX.
 *
 * Life cycle: lines_open(); lines_next() until it is not above 0; lines_close(),
 * also when opening failed.  One thread.
 */
#ifndef OOMRIG_RECORD_LINES_H
#define OOMRIG_RECORD_LINES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

/* Bytes of a line; the longest the rig writes, the server's own figures, are a few thousand. */
#define LINES_MAX (1 << 20)

struct lines {
	FILE *file;
	char *path;
	char *text; /* the line without its end, and a NUL */
	size_t len, cap;
	char *read; /* what was read ahead, from `at` to `end` */
	size_t at, end;
	uint64_t number; /* of the line, from 1 */
};

/* 1, 0: no such file, -1. */
int lines_open(struct lines *l, const char *path, struct error *err);
/* 1, 0: no further line (a last one without its end was cut, and is no line), -1. */
int lines_next(struct lines *l, struct error *err);
void lines_close(struct lines *l);

/* Is it a regular file of at most so many bytes?  1, 0: no such file, -1. */
int lines_check(const char *path, uint64_t max_bytes, struct error *err);

#endif
