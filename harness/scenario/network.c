#include "scenario/network.h"

#include <strings.h>

#include "base/clock.h"

/*
 * Today's presets, ChromeDevTools/devtools-frontend front_end/core/sdk/NetworkManager.ts:
 * bits per second divided by eight, times the correction Chrome applies to the
 * nominal rate; its latency is a multiple of the nominal round trip.  "Fast 3G"
 * was renamed "Slow 4G" in May 2024 (crbug.com/342406608); both names are here.
 */
#define TODAY "Chrome DevTools, front_end/core/sdk/NetworkManager.ts"
#define KBIT_BYTES(kbit, percent) ((uint64_t)(kbit)*1000 / 8 * (percent) / 100)

/*
 * The presets of Chrome before those, front_end/network_conditions/
 * NetworkConditionsSelector.js: units of 1024 bits, latency as it is.
 */
#define CLASSIC "earlier Chrome DevTools, front_end/network_conditions/NetworkConditionsSelector.js"
#define KIBIT_BYTES(kibit) ((uint64_t)(kibit)*1024 / 8)

const struct network_preset network_presets[] = {
	{ "none", 0, 0, 0, "not throttled" },
	{ "slow-3g", KBIT_BYTES(500, 80), KBIT_BYTES(500, 80), 400 * 5 * NS_PER_MS, TODAY },
	{ "fast-3g", KBIT_BYTES(1600, 90), KBIT_BYTES(750, 90), 150 * 3750 * NS_PER_US, TODAY },
	{ "slow-4g", KBIT_BYTES(1600, 90), KBIT_BYTES(750, 90), 150 * 3750 * NS_PER_US, TODAY },
	{ "fast-4g", KBIT_BYTES(9000, 90), KBIT_BYTES(1500, 90), 60 * 2750 * NS_PER_US, TODAY },
	{ "gprs", KIBIT_BYTES(50), KIBIT_BYTES(20), 500 * NS_PER_MS, CLASSIC },
	{ "regular-2g", KIBIT_BYTES(250), KIBIT_BYTES(50), 300 * NS_PER_MS, CLASSIC },
	{ "good-2g", KIBIT_BYTES(450), KIBIT_BYTES(150), 150 * NS_PER_MS, CLASSIC },
	{ "regular-3g", KIBIT_BYTES(750), KIBIT_BYTES(250), 100 * NS_PER_MS, CLASSIC },
	{ "good-3g", KIBIT_BYTES(1536), KIBIT_BYTES(750), 40 * NS_PER_MS, CLASSIC },
	{ "regular-4g", KIBIT_BYTES(4096), KIBIT_BYTES(3072), 20 * NS_PER_MS, CLASSIC },
	{ "dsl", KIBIT_BYTES(2048), KIBIT_BYTES(1024), 5 * NS_PER_MS, CLASSIC },
	{ "wifi", KIBIT_BYTES(30720), KIBIT_BYTES(15360), 2 * NS_PER_MS, CLASSIC },
	{ .name = NULL },
};

const struct network_preset *network_find(const char *name)
{
	for (const struct network_preset *p = network_presets; p->name != NULL; p++)
		if (strcasecmp(p->name, name) == 0)
			return p;
	return NULL;
}
