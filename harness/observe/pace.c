#include "observe/pace.h"

#include "base/clock.h"

#define DENSE_WINDOW_NS (50 * NS_PER_MS)
#define DENSE_STEP_PER_MILLE 15
#define DENSE_STEP_UNCAPPED_BYTES (4ULL << 20)
#define TREND_NS (250 * NS_PER_MS)
#define TREND_AHEAD_NS 1e9
#define BUDGET_MAX_NS ((int64_t)(60 * NS_PER_MS)) /* a second at the dense rate */
#define BUDGET_SHARE 100			  /* one part in so many of wall time */

void pace_init(struct pace *p, uint64_t cap_bytes, uint64_t now, uint64_t cpu_ns)
{
	*p = (struct pace){ .cap_bytes = cap_bytes,
			    .step_bytes =
				    cap_bytes ? cap_bytes / 1000 * DENSE_STEP_PER_MILLE : DENSE_STEP_UNCAPPED_BYTES,
			    .budget_ns = BUDGET_MAX_NS,
			    .budget_wall_ns = now,
			    .budget_cpu_ns = cpu_ns };
}

/* Growing on as since trend_ns[0], will it reach the cap within TREND_AHEAD_NS? */
static bool cap_is_near(struct pace *p, struct fact at, uint64_t now)
{
	struct fact was = p->trend_bytes[0];
	uint64_t since_ns = now - p->trend_ns[0];

	if (now - p->trend_ns[1] >= TREND_NS) {
		p->trend_bytes[0] = p->trend_bytes[1];
		p->trend_ns[0] = p->trend_ns[1];
		p->trend_bytes[1] = at;
		p->trend_ns[1] = now;
	}
	if (p->cap_bytes == 0 || !fact_known(at) || !fact_known(was) || at.value <= was.value || since_ns == 0)
		return false;
	return (double)at.value + (double)(at.value - was.value) * TREND_AHEAD_NS / (double)since_ns >=
	       (double)p->cap_bytes;
}

void pace_see(struct pace *p, struct fact moving, struct fact unreclaimable, bool tick, uint64_t now)
{
	struct fact was = p->moving_at_tick;

	if (fact_known(moving) && fact_known(was)) {
		uint64_t moved = moving.value > was.value ? moving.value - was.value : was.value - moving.value;

		if (moved >= p->step_bytes)
			p->dense_until_ns = now + DENSE_WINDOW_NS;
	}
	if (!tick)
		return;
	p->moving_at_tick = moving;
	if (cap_is_near(p, unreclaimable, now))
		p->dense_until_ns = now + DENSE_WINDOW_NS;
}

void pace_oom(struct pace *p, uint64_t now)
{
	p->dense_until_ns = p->unbudgeted_until_ns = now + DENSE_WINDOW_NS;
}

static void settle_budget(struct pace *p, uint64_t now, uint64_t cpu_ns)
{
	p->budget_ns += (int64_t)((now - p->budget_wall_ns) / BUDGET_SHARE) - (int64_t)(cpu_ns - p->budget_cpu_ns);
	if (p->budget_ns > BUDGET_MAX_NS)
		p->budget_ns = BUDGET_MAX_NS;
	p->budget_wall_ns = now;
	p->budget_cpu_ns = cpu_ns;
}

bool pace_dense(struct pace *p, uint64_t now, uint64_t (*cpu_ns)(void))
{
	if (now >= p->dense_until_ns)
		return false;
	settle_budget(p, now, cpu_ns());
	return p->budget_ns > 0 || now < p->unbudgeted_until_ns;
}
