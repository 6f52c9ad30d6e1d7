/*
 * units - figures as people write them, to and from integers.
 *
 *   size      bytes         256MiB 256Mi 256m (the same) 256MB 327680   "0", "none" is the caller's
 *   rate      bytes/second  2Mbit/s 400kbit/s 1MB/s 512KiB/s
 *   duration  ns            500ms 30s 5m 7h 1h30m 250us
 *   share     0..1          5% 0.05
 *   count     plain         3  10000  10k
 *
 * Parsing returns 0, or -1 with a message that says what was expected; *out is
 * untouched on failure.  Negative numbers, trailing junk and overflow are
 * errors.  Of sizes MB is a power of 1000; MiB, Kubernetes' Mi and the letter alone
 * (as for docker and systemd) are powers of 1024.  Any thread.
 */
#ifndef OOMRIG_BASE_UNITS_H
#define OOMRIG_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

int units_parse_size(const char *text, uint64_t *out_bytes, struct error *err);
int units_parse_rate(const char *text, uint64_t *out_bytes_per_s, struct error *err);
int units_parse_duration(const char *text, uint64_t *out_ns, struct error *err);
int units_parse_share(const char *text, double *out, struct error *err);
int units_parse_count(const char *text, uint64_t *out, struct error *err);

/* A computed figure as the nearest whole one: 0 to INT64_MAX, what lies outside at the near end; of no number, 0. */
uint64_t units_whole(double value);

#define UNITS_TEXT_MAX 32

/* "256 MiB", "1.50 GiB", "312 KiB", "17 B": three significant digits, for people. */
const char *units_format_size(uint64_t bytes, char out[UNITS_TEXT_MAX]);

/* "1.5 MB/s" (decimal, as curl and browsers print transfer rates). */
const char *units_format_rate(double bytes_per_s, char out[UNITS_TEXT_MAX]);

/* "0.31 s", "45 ms", "2 min 5 s". */
const char *units_format_duration(uint64_t ns, char out[UNITS_TEXT_MAX]);

#endif
