#include "report/estimate.h"

#include "base/clock.h"

void estimate_run(struct estimate *e, uint64_t duration_ns)
{
	if (e->count == 0 || duration_ns < e->least_ns)
		e->least_ns = duration_ns;
	if (e->count == 0 || duration_ns > e->most_ns)
		e->most_ns = duration_ns;
	e->count++;
}

static const struct {
	uint64_t ns, up_to_ns;
	const char *name;
} units[] = {
	{ NS_PER_S, 120 * NS_PER_S, "s" },
	{ 60 * NS_PER_S, 7200 * NS_PER_S, "min" },
	{ 3600 * NS_PER_S, UINT64_MAX, "h" },
};

void estimate_text(struct buf *b, const struct estimate *e, size_t least, size_t most)
{
	size_t u = 0;
	if (e->count == 0 || most == 0)
		return;
	while (most * e->most_ns > units[u].up_to_ns)
		u++;
	/* Rounded outwards: the range holds what was measured. */
	unsigned long long low = least * e->least_ns / units[u].ns;
	unsigned long long high = (most * e->most_ns + units[u].ns - 1) / units[u].ns;
	if (least == 0 || low == 0)
		buf_addf(b, "  up to about %llu %s left", high, units[u].name);
	else if (low == high)
		buf_addf(b, "  about %llu %s left", high, units[u].name);
	else
		buf_addf(b, "  about %llu-%llu %s left", low, high, units[u].name);
}
