/*
 * fuzz - what the targets of tests/fuzz share.  A target is one file that takes
 * bytes as a reader of the rig or of the bundled server would get them.
 *
 * Life cycle: fuzz_scratch() once per process gives a folder in memory that is
 * removed at the exit; fuzz_sink() a stream that swallows reports; both are kept
 * until the exit.  Each of fuzz_copy() is freed by the caller.  One thread.
 */
#ifndef OOMRIG_FUZZ_H
#define OOMRIG_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The target; libFuzzer's own name for it.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes with a NUL behind them, in a block of exactly that size: reading on is seen. */
char *fuzz_text(const uint8_t *data, size_t size);
/* The bytes alone. */
char *fuzz_copy(const uint8_t *data, size_t size);

const char *fuzz_scratch(void);
/* Replaces a file of the scratch folder. */
void fuzz_write(const char *name, const void *data, size_t size);
FILE *fuzz_sink(void);

/* Takes the part up to `mark` off the front of the bytes, which go on behind it; all of them where there is none. */
const uint8_t *fuzz_part(const uint8_t **data, size_t *size, char mark, size_t *part_size);

#endif
