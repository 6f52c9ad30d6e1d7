#include "load/payload.h"

#include <string.h>

/* The choice among clones is made while the program is loaded, before the thread sanitizer is there to be called. */
#ifdef __SANITIZE_THREAD__
#define CLONES
#else
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

/*
 * Word i of a stream is mix(key(seed) + i * GOLDEN), with a mix made of steps
 * that can each be undone.  It is therefore a permutation of the 64-bit words:
 * no two aligned words of one stream are equal, so a block that was swapped,
 * repeated, shifted or taken from another object never compares equal.  Only
 * additions, shifts and exclusive ors: AVX2 has no 64-bit multiplication.
 */
#define GOLDEN 0x9e3779b97f4a7c15ULL
#define LANES 8
#define LANES_BYTES (LANES * sizeof(uint64_t))
#define CHECK_BYTES 4096

typedef uint64_t lanes __attribute__((vector_size(LANES_BYTES)));

/* The finaliser of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
static uint64_t key_of(uint64_t seed)
{
	uint64_t z = seed + GOLDEN;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint64_t word_at(uint64_t key, uint64_t index)
{
	uint64_t x = key + index * GOLDEN;
	x ^= x >> 32;
	x += x << 23;
	x ^= x >> 29;
	return x;
}

/* The same as word_at(), LANES words at a time; the loader picks the clone this processor can run. */
CLONES static void fill_blocks(uint64_t key, uint64_t index, unsigned char *out, size_t blocks)
{
	lanes state = { 0 };
	for (size_t i = 0; i < LANES; i++)
		state[i] = key + (index + i) * GOLDEN;
	for (size_t b = 0; b < blocks; b++) {
		lanes x = state;
		x ^= x >> 32;
		x += x << 23;
		x ^= x >> 29;
		memcpy(out + b * LANES_BYTES, &x, LANES_BYTES);
		state += LANES * GOLDEN;
	}
}

void payload_fill(uint64_t seed, uint64_t offset, void *out, size_t len)
{
	unsigned char *p = out;
	uint64_t key = key_of(seed);
	uint64_t index = offset / sizeof(uint64_t);
	size_t skip = offset % sizeof(uint64_t);

	if (skip > 0) {
		uint64_t word = word_at(key, index++);
		size_t part = sizeof(word) - skip < len ? sizeof(word) - skip : len;
		memcpy(p, (unsigned char *)&word + skip, part);
		p += part;
		len -= part;
	}
	size_t blocks = len / LANES_BYTES;
	if (blocks > 0)
		fill_blocks(key, index, p, blocks);
	p += blocks * LANES_BYTES;
	index += blocks * LANES;
	len -= blocks * LANES_BYTES;
	while (len > 0) {
		uint64_t word = word_at(key, index++);
		size_t part = len < sizeof(word) ? len : sizeof(word);
		memcpy(p, &word, part);
		p += part;
		len -= part;
	}
}

size_t payload_check(uint64_t seed, uint64_t offset, const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned char expected[CHECK_BYTES];

	for (size_t done = 0; done < len;) {
		size_t part = len - done < CHECK_BYTES ? len - done : CHECK_BYTES;
		payload_fill(seed, offset + done, expected, part);
		if (memcmp(p + done, expected, part) != 0) {
			size_t i = 0;
			while (expected[i] == p[done + i])
				i++;
			return done + i;
		}
		done += part;
	}
	return len;
}
