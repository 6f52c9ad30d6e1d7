/*
 * range - the Range request header, RFC 9110 section 14.  Pure; any thread.
 */
#ifndef CHUNKSERVER_RANGE_H
#define CHUNKSERVER_RANGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * More than this many ranges in one request is no honest player's, and neither are
 * ranges that overlap so much that together they are longer than the whole: the
 * header is ignored (section 14.2), or a small request would cost the whole many times.
 */
#define RANGES_MAX 64

struct range {
	uint64_t first, last; /* both inclusive, within the representation */
};

enum range_result {
	RANGE_IGNORED,	     /* not bytes, malformed, too many or too much: answer with the whole */
	RANGE_SATISFIABLE,   /* ranges[0…count-1] */
	RANGE_UNSATISFIABLE, /* well-formed, but nothing of it is there: 416 */
};

enum range_result range_parse(const char *header, uint64_t size_bytes, struct range ranges[RANGES_MAX], size_t *count);

#endif
