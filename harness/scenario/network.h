/*
 * network - how slow a client's connection is: named presets, as a browser's
 * developer tools offer them.  Constant data; any thread.
 */
#ifndef OOMRIG_SCENARIO_NETWORK_H
#define OOMRIG_SCENARIO_NETWORK_H

#include <stdint.h>

struct network_preset {
	const char *name;
	uint64_t down_bytes_per_s; /* 0: unlimited */
	uint64_t up_bytes_per_s;
	uint64_t latency_ns;
	const char *source;
};

/* Ended by a row without a name. */
extern const struct network_preset network_presets[];

/* The preset of that name (case ignored), or NULL. */
const struct network_preset *network_find(const char *name);

#endif
