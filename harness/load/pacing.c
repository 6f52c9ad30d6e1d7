#include "load/pacing.h"

#include <math.h>

#include "base/clock.h"

size_t bucket_piece_bytes(uint64_t bytes_per_s)
{
	double bytes = (double)bytes_per_s * ((double)PACING_PIECE_NS / (double)NS_PER_S);
	if (bytes < 1)
		return 1;
	return bytes < PACING_PIECE_MAX_BYTES ? (size_t)bytes : PACING_PIECE_MAX_BYTES;
}

void bucket_init(struct bucket *b, uint64_t bytes_per_s, unsigned client, uint64_t now_ns)
{
	/* Multiples of the golden ratio, modulo 1, fill an interval evenly however many are taken. */
	double part = 1 - fmod(client * 0.6180339887498949, 1.0);
	b->rate = (double)bytes_per_s / (double)NS_PER_S;
	b->tokens = 0;
	b->last_ns = now_ns;
	b->piece_bytes = (size_t)ceil((double)bucket_piece_bytes(bytes_per_s) * part);
}

bool bucket_take(struct bucket *b, size_t bytes, uint64_t now_ns)
{
	if (b->rate <= 0)
		return true;
	double most = b->rate * (double)PACING_BURST_NS;
	if (most < (double)bytes)
		most = (double)bytes;
	b->tokens += b->rate * (double)(now_ns - b->last_ns);
	if (b->tokens > most)
		b->tokens = most;
	b->last_ns = now_ns;
	if (b->tokens < (double)bytes)
		return false;
	b->tokens -= (double)bytes;
	return true;
}

uint64_t bucket_ready_ns(const struct bucket *b, size_t bytes)
{
	/* A byte in 1e6 more than needed, so that rounding leaves no piece waiting for a fraction of a byte. */
	double missing = (double)bytes * (1 + 1e-6) - b->tokens;
	return b->last_ns + (b->rate > 0 && missing > 0 ? (uint64_t)ceil(missing / b->rate) : 0);
}

uint64_t pacing_intended_ns(uint64_t group_start_ns, double rate_per_s, uint64_t k)
{
	return group_start_ns + (uint64_t)((double)k / rate_per_s * (double)NS_PER_S);
}
