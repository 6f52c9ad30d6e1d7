/*
 * pacing - when things may happen: the token bucket of a throttled client and
 * the start times of an open-model group.  Pure arithmetic on the times it is
 * given; any thread.
 *
 * A bucket fills at the rate and is emptied by pieces that wait until they fit,
 * so that n bytes take n / rate.  What was not used while nobody asked is kept
 * for PACING_BURST_NS at most: long enough to make up for a wake-up that a busy
 * host delays, too short to make up for a server's long pause.
 */
#ifndef OOMRIG_LOAD_PACING_H
#define OOMRIG_LOAD_PACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACING_BURST_NS 1000000000ULL
/* One piece is what the line carries in this time. */
#define PACING_PIECE_NS 100000000ULL
#define PACING_PIECE_MAX_BYTES (256u << 10)

struct bucket {
	double rate; /* bytes per ns; 0: unlimited */
	double tokens;
	uint64_t last_ns;
	size_t piece_bytes; /* the next one */
};

/* The first piece of each client is a part of one, another for each, so that they do not wake in step. */
void bucket_init(struct bucket *b, uint64_t bytes_per_s, unsigned client, uint64_t now_ns);

/* A whole piece at this rate. */
size_t bucket_piece_bytes(uint64_t bytes_per_s);

/* May so many bytes be transferred now?  If so they are taken. */
bool bucket_take(struct bucket *b, size_t bytes, uint64_t now_ns);

/* When they may, after bucket_take() said no. */
uint64_t bucket_ready_ns(const struct bucket *b, size_t bytes);

/* Intended start of transfer number k of a group that starts rate_per_s of them. */
uint64_t pacing_intended_ns(uint64_t group_start_ns, double rate_per_s, uint64_t k);

#endif
