/* What a run looks at each second, on an isolation that says what it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"
#include "run/checks.h"
#include "target/internal.h"

static struct isolation_final limits_now;

static int told_final(struct isolation *iso, struct isolation_final *out, struct error *err)
{
	(void)iso;
	(void)err;
	*out = limits_now;
	return 0;
}

static int never_contains(struct isolation *iso, pid_t pid)
{
	(void)iso;
	(void)pid;
	return 0;
}

static const struct isolation_backend backend = { .final = told_final, .contains = never_contains };

static struct isolation isolation = {
	.backend = &backend, .readback = { .memory_bytes = { FACT_KNOWN, 64 }, .memory_swap_bytes = { FACT_KNOWN, 64 } }
};

static void expect_cap(const char *what, struct run *r, struct fact limit, struct fact swap, struct fact cap_found,
		       struct fact swap_found)
{
	limits_now = (struct isolation_final){ .limit_bytes = limit, .swap_limit_bytes = swap };
	checks_cap(r);
	expect_figure(what, r->facts.cap_in_force_bytes.state, cap_found.state);
	expect_figure(what, r->facts.cap_in_force_bytes.value, cap_found.value);
	expect_figure(what, r->facts.cap_swap_in_force_bytes.state, swap_found.state);
	expect_figure(what, r->facts.cap_swap_in_force_bytes.value, swap_found.value);
}

static void test_cap(void **state)
{
	struct run r = { .isolation = &isolation };
	(void)state;
	r.life.facts = &r.facts;
	expect_cap("as at the start", &r, fact_of(64), fact_of(64), FACT_NONE, FACT_NONE);
	expect_cap("cannot be read just now", &r, FACT_BROKEN, FACT_BROKEN, FACT_NONE, FACT_NONE);
	expect_cap("gone", &r, FACT_NONE, FACT_NONE, FACT_NONE, FACT_NONE);
	expect_cap("lifted", &r, fact_of(128), fact_of(64), fact_of(128), FACT_NONE);
	expect_cap("unreadable after it was lifted", &r, FACT_BROKEN, FACT_BROKEN, fact_of(128), FACT_NONE);
	expect_cap("put back, and swap allowed", &r, fact_of(64), fact_of(96), fact_of(128), fact_of(96));
	assert_int_equal(failures, 0);
}

/* Its first process is outside until the trampoline has joined: in a second life too. */
static void test_membership(void **state)
{
	struct target target = { .options.isolation = &isolation, .pid = getsid(0) };
	struct run r = { .isolation = &isolation, .target = &target };
	(void)state;
	r.life = (struct life){ .facts = &r.facts, .running = true };
	r.facts.server_started = r.facts.server_in_group = fact_of(1);
	checks_membership(&r);
	expect_figure("a trampoline", r.facts.server_in_group.value, 1);
	r.life.up = true;
	checks_membership(&r);
	expect_figure("a server", r.facts.server_in_group.value, 0);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cap, reset_failures),
		cmocka_unit_test_setup(test_membership, reset_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
