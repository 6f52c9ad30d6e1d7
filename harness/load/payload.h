/*
 * payload - bytes that can be told by seed and offset alone: generated while
 * sending, checked while receiving, stored nowhere.  The stream is a
 * counter-based generator (each 8-byte word a mix of seed and word index), so
 * any range is checked without its beginning.  Pure; any thread.
 */
#ifndef OOMRIG_LOAD_PAYLOAD_H
#define OOMRIG_LOAD_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

void payload_fill(uint64_t seed, uint64_t offset, void *out, size_t len);

/* Index of the first wrong byte in data, or len when all are right. */
size_t payload_check(uint64_t seed, uint64_t offset, const void *data, size_t len);

#endif
