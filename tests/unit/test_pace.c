#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/pace.h"

#define MIB (1ULL << 20)
#define MS NS_PER_MS

static uint64_t used_ns;

static uint64_t cpu(void)
{
	return used_ns;
}

static bool dense(struct pace *p, uint64_t ms)
{
	return pace_dense(p, ms * MS, cpu);
}

static void see(struct pace *p, uint64_t mib, uint64_t ms, bool tick)
{
	pace_see(p, fact_of(mib * MIB), fact_of(mib * MIB), tick, ms * MS);
}

static void start(struct pace *p, uint64_t cap_mib)
{
	used_ns = 0;
	pace_init(p, cap_mib * MIB, 0, 0);
}

/* 1.5 % of the cap from one tick to a later sample, either way; for 50 ms. */
static void test_movement(void **state)
{
	struct pace p;

	(void)state;
	start(&p, 1000);
	see(&p, 100, 10, true);
	see(&p, 114, 20, true);
	assert_false(dense(&p, 21));
	see(&p, 130, 25, false);
	assert_true(dense(&p, 26));
	assert_true(dense(&p, 74));
	assert_false(dense(&p, 75));
	see(&p, 114, 80, true);
	see(&p, 98, 90, true);
	assert_true(dense(&p, 91));
}

/* Absent figures are no movement from or to 0. */
static void test_absent(void **state)
{
	struct pace p;

	(void)state;
	start(&p, 100);
	see(&p, 90, 10, true);
	pace_see(&p, FACT_NONE, FACT_NONE, true, 20 * MS);
	see(&p, 10, 30, true);
	assert_false(dense(&p, 31));
}

/* 1 MiB each 10 ms is 100 MiB in the second ahead: dense from 100 MiB below the cap on. */
static void test_trend(void **state)
{
	struct pace p;
	uint64_t first = 0;

	(void)state;
	start(&p, 400);
	for (uint64_t t = 10; t <= 4000 && first == 0; t += 10) {
		see(&p, t / 10, t, true);
		if (dense(&p, t + 1))
			first = t / 10;
	}
	assert_in_range(first, 299, 301);
}

/* A hundredth of the time, saved up to 60 ms; an OOM event is seen whatever it costs. */
static void test_budget(void **state)
{
	struct pace p;

	(void)state;
	start(&p, 100);
	see(&p, 10, 0, true);
	see(&p, 20, 1000, true);
	used_ns = 59 * MS;
	assert_true(dense(&p, 1001));
	used_ns = 75 * MS;
	assert_false(dense(&p, 1002));
	pace_oom(&p, 1003 * MS);
	assert_true(dense(&p, 1004));
	assert_false(dense(&p, 1053));
	see(&p, 30, 2500, true);
	assert_true(dense(&p, 2501));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_movement),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_trend),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
