/*
 * log - what the server says on standard error, its last word included.  Any
 * thread.
 */
#ifndef CHUNKSERVER_LOG_H
#define CHUNKSERVER_LOG_H

#include <stdint.h>

/* One line, "chunkserver: …". */
void server_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Memory the server cannot do without was refused: says "cannot allocate N
 * bytes" and aborts, so that this death can be told from any other.
 */
void server_out_of_memory(uint64_t size_bytes) __attribute__((noreturn));

#endif
