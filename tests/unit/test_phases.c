/* run/phases.c, run/phase_load.c, run/patience.c, run/machine.c and run/life.c: the table, and what may change once the
 * verdict or a death is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "expect.h"
#include "run/checks.h"
#include "run/life.h"
#include "run/machine.h"
#include "run/patience.h"
#include "run/phases.h"

#define MS NS_PER_MS

static void test_every_wait_has_a_deadline(void **state)
{
	(void)state;
	for (int id = 0; id < PHASE_DONE; id++) {
		const struct phase *row = &phase_rows[id];
		const char *name = phase_rows[phase_span(id)].name;
		char what[64];
		snprintf(what, sizeof(what), "phase %d, '%s'", id, name != NULL ? name : "?");
		expect_figure(what, row->deadline_ns != NULL, 1);
		expect_figure(what, name != NULL, 1);
		expect_figure(what, row->enter != NULL || row->on_event != NULL, 1);
	}
	assert_int_equal(failures, 0);
}

/* The user asks between the verdict and the last write of the record. */
static void test_interrupted_too_late(void **state)
{
	struct run *r = xcalloc(1, sizeof(*r));
	struct error err = ERROR_INIT;
	(void)state;
	assert_int_equal(uv_loop_init(&r->loop), 0);
	assert_int_equal(machine_init(r, &err), 0);
	r->schedule = (struct schedule){ .now = PHASE_DONE, .stopping = true };
	machine_interrupt(r);
	uv_run(&r->loop, UV_RUN_ONCE);
	assert_false(fact_known(r->facts.interrupted));
	r->schedule.now = PHASE_STOP_LOG;
	machine_interrupt(r);
	uv_run(&r->loop, UV_RUN_ONCE);
	assert_true(fact_known(r->facts.interrupted));
	machine_close(r);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	free(r);
}

/* ---- a later life ------------------------------------------------------- */

static int told_final(struct isolation *iso, struct isolation_final *out, struct error *err)
{
	(void)iso;
	(void)err;
	*out = (struct isolation_final){ .oom_kill = fact_of(3), .limit_bytes = fact_of(128) };
	return 0;
}

static void tell_figures(struct run *r, int lag_ms, int passes)
{
	json_t *figures = json_pack("{s:i, s:i}", "lag", lag_ms, "passes", passes);
	life_note_figures(r, figures, 9000 * MS);
	json_decref(figures);
}

/* Whatever is seen of it: the facts of the first stay as they were at its death. */
static void test_a_later_life_has_its_own_facts(void **state)
{
	static const struct scenario scenario = { .on_crash = CRASH_RESTART,
						  .rounds = 1,
						  .server = { .canary_json = "/lag", .maintenance_json = "/passes" } };
	static const struct isolation_backend backend = { .final = told_final };
	struct isolation isolation = { .backend = &backend, .readback = { .memory_bytes = { FACT_KNOWN, 64 } } };
	struct target_exit end = { .t_ns = 5000 * MS, .signal = 9 };
	struct run *r = xcalloc(1, sizeof(*r));

	(void)state;
	r->scenario = &scenario;
	r->isolation = &isolation;
	r->kernel_log.fd = -1;
	r->clocks.origin_ns = 1;
	r->books.began_ns = 1;
	life_init(r);
	gather_init(&r->gather, &r->facts);
	tell_figures(r, 20, 1);
	r->facts.cap_in_force_bytes = fact_of(64);
	r->facts.disk_full = fact_of(0);
	life_next(r, &end);
	assert_int_equal(r->facts.death_count, 1);
	assert_int_equal(r->facts.oom_kill.value, 3);
	struct facts at_death = r->facts;

	tell_figures(r, 60000, 7);
	checks_cap(r);
	r->folders.data = "/nowhere"; /* no room can be seen there */
	r->folders.under_fd = -1;
	checks_disk(r);
	life_note_signal(r, 15);
	life_started(r);
	assert_memory_equal(&at_death, &r->facts, sizeof(at_death));

	life_sum_up(r);
	assert_int_equal(r->facts.again_cap_bytes.value, 128);
	assert_int_equal(r->facts.again_in_group.value, 1);
	assert_string_equal(r->facts.aftermath_error, "the disk ran full after the first death");
	gather_release(&r->gather);
	free(r);
}

/* ---- the end of the load ------------------------------------------------ */

/* Its last requests may have broken because the server died, which is seen later than that. */
static void test_the_load_ends_in_doubt(void **state)
{
	static const struct {
		const char *name;
		enum on_crash on_crash;
		unsigned life;
		bool broke;
		uint64_t ago_ns;
		enum phase_id then;
	} rows[] = {
		{ "all went well", CRASH_RESTART, 1, false, 0, PHASE_SETTLE },
		{ "the last broke", CRASH_RESTART, 1, true, 0, PHASE_LOAD_DOUBT },
		{ "one broke long ago", CRASH_RESTART, 1, true, 3 * BROKEN_WINDOW_NS, PHASE_SETTLE },
		{ "settling knows deaths too", CRASH_READ_BACK, 1, true, 0, PHASE_SETTLE },
		{ "a death ends the run", CRASH_STOP, 1, true, 0, PHASE_SETTLE },
		{ "a later life", CRASH_RESTART, 2, true, 0, PHASE_AFTERMATH },
	};
	struct run *r = xcalloc(1, sizeof(*r));

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct scenario scenario = { .on_crash = rows[i].on_crash };
		struct broken_recent recent = { .finished_ns = clock_ns() - rows[i].ago_ns };

		*r = (struct run){ .scenario = &scenario,
				   .schedule.now = PHASE_LOAD,
				   .life.number = rows[i].life,
				   .books.broken = { .recent = &recent, .recent_count = rows[i].broke } };
		expect_figure(rows[i].name, phase_load_event(r, &(struct event){ .kind = EVENT_LOAD_ENDED }),
			      rows[i].then);
	}
	const struct phase *doubt = &phase_rows[PHASE_LOAD_DOUBT];

	expect_figure("it lives", doubt->on_event(r, &(struct event){ .kind = EVENT_DEADLINE }), PHASE_SETTLE);
	expect_figure("its death is one under load", doubt->afterlife, phase_rows[PHASE_LOAD].afterlife);
	expect_figure("of the load", phase_span(PHASE_LOAD_DOUBT), PHASE_LOAD);
	free(r);
	assert_int_equal(failures, 0);
}

/* ---- a slow machine ----------------------------------------------------- */

static void test_waits_are_in_the_machines_time(void **state)
{
	struct load_group group = { .timeout_ns = 7, .duration_ns = 8 };
	const struct scenario asked = { .deadline_ns = 1,
					.baseline_ns = 9,
					.settle_ns = 10,
					.load = { &group, 1 },
					.server = { .ready_timeout_ns = 2,
						    .login_timeout_ns = 3,
						    .health_deadline_ns = 4,
						    .collect_deadline_ns = 5,
						    .stop_timeout_ns = 6 } };
	const struct scenario got = patience_in_machine(&asked, 20);

	(void)state;
	expect_figure("deadline", got.deadline_ns, 20);
	expect_figure("ready.timeout", got.server.ready_timeout_ns, 40);
	expect_figure("login.timeout", got.server.login_timeout_ns, 60);
	expect_figure("health.deadline", got.server.health_deadline_ns, 80);
	expect_figure("collect.deadline", got.server.collect_deadline_ns, 100);
	/* What the clients do, and how long the server is left alone, is no waiting. */
	expect_figure("load.timeout", got.load.items[0].timeout_ns, 7);
	expect_figure("load.duration", got.load.items[0].duration_ns, 8);
	expect_figure("stop_timeout", got.server.stop_timeout_ns, 6);
	expect_figure("baseline", got.baseline_ns, 9);
	expect_figure("settle", got.settle_ns, 10);
	expect_figure("what was asked", asked.deadline_ns, 1);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_wait_has_a_deadline, reset_failures),
		cmocka_unit_test_setup(test_the_load_ends_in_doubt, reset_failures),
		cmocka_unit_test_setup(test_waits_are_in_the_machines_time, reset_failures),
		cmocka_unit_test(test_interrupted_too_late),
		cmocka_unit_test(test_a_later_life_has_its_own_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
