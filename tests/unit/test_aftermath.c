/* What follows a death, as far as it is pure: which requests it took, what was found, what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "expect.h"
#include "base/macros.h"
#include "judge/aftermath.h"
#include "run/gather.h"
#include "run/broken_requests.h"
#include "run/objects_found.h"
#include "run/request_rows.h"
#include "facts/facts_json.h"

#define MS NS_PER_MS

/* ---- which requests a death took with it -------------------------------- */

static struct load_request broke(uint64_t sequence, uint64_t finished_ns)
{
	return (struct load_request){
		.sequence = sequence, .end = END_TRANSPORT, .curl_code = 56, .finished_ns = finished_ns
	};
}

static void list_row(void *arg, const struct broken_row *row)
{
	buf_addf(arg, "%llu:%u:%s ", (unsigned long long)row->request.sequence, row->death, row->phase);
}

static void expect_released(struct broken_requests *l, uint64_t now_ns, bool all, const char *expected)
{
	struct buf got = BUF_INIT;
	broken_release(l, now_ns, all, list_row, &got);
	expect_text(expected, buf_str(&got), expected);
	buf_release(&got);
}

static void test_lost(void **state)
{
	struct broken_requests l = { 0 };
	struct load_request rows[] = { broke(1, 1000 * MS), broke(2, 4500 * MS), broke(3, 5010 * MS),
				       broke(4, 5300 * MS) };
	struct load_request well = { .end = END_OK }, refused = { .end = END_STATUS }, ours = { .end = END_TRANSPORT };

	(void)state;
	assert_false(broken_hold(&l, &well, "load"));
	assert_false(broken_hold(&l, &refused, "load"));
	assert_false(broken_hold(&l, &ours, "load")); /* curl had no part in it */
	assert_true(broken_hold(&l, &rows[0], "load"));
	expect_released(&l, 1500 * MS, false, ""); /* it may still turn out that it had died */
	assert_true(broken_hold(&l, &rows[1], "load"));
	broken_death(&l, 5000 * MS);
	assert_true(broken_hold(&l, &rows[2], "load"));
	expect_released(&l, 5020 * MS, false, "1:0:load 2:1:load 3:1:load ");
	broken_up(&l);
	assert_true(broken_hold(&l, &rows[3], "load"));
	expect_released(&l, 5400 * MS, false, "");
	broken_death(&l, 5500 * MS);
	expect_released(&l, 5500 * MS, false, "4:2:load ");
	broken_up(&l);
	rows[3].finished_ns = 9000 * MS;
	assert_true(broken_hold(&l, &rows[3], "stop"));
	expect_released(&l, 9000 * MS, true, "4:0:stop ");
	expect_released(&l, 9000 * MS, true, "");
	broken_free(&l);
	assert_int_equal(failures, 0);
}

static void test_torn(void **state)
{
	struct broken_requests l = { 0 };
	struct load_request half = broke(1, 1000 * MS), unread = broke(2, 1100 * MS), whole = { .found = FOUND_INTACT };

	(void)state;
	half.found = FOUND_HALF;
	half.acknowledged = true;
	unread.found = FOUND_UNREAD;
	assert_false(broken_torn(&l, 1010 * MS));
	broken_look(&l, &half);
	broken_look(&l, &unread); /* refused: it may well be dead */
	assert_true(broken_torn(&l, 1900 * MS));
	assert_false(broken_torn(&l, 2100 * MS)); /* too long before to be the reason */
	broken_look(&l, &whole);
	assert_false(broken_torn(&l, 1900 * MS)); /* it lived on */
	half.acknowledged = false;
	broken_look(&l, &half);
	assert_false(broken_torn(&l, 1900 * MS)); /* does not count as corrupt anyway */
	half.acknowledged = true;
	half.end = END_OK;
	broken_look(&l, &half);
	assert_false(broken_torn(&l, 1900 * MS)); /* ended early by its own answer */
}

/* ---- what is found ------------------------------------------------------ */

static void test_found(void **state)
{
	static const struct {
		const char *what;
		struct found_answer answer;
		enum object_found found;
	} rows[] = {
		{ "whole", { true, false, false, 10, 10, 0 }, FOUND_INTACT },
		{ "whole and empty", { true, false, false, 0, 0, 0 }, FOUND_INTACT },
		{ "no answer", { false, false, false, 10, 0, 0 }, FOUND_UNREAD },
		{ "refused, with a text", { true, true, false, 10, 0, 40 }, FOUND_LOST },
		{ "a wrong byte", { true, false, true, 10, 10, 0 }, FOUND_CORRUPT },
		{ "a wrong byte, and it ends early", { true, false, true, 10, 4, 0 }, FOUND_CORRUPT },
		{ "longer", { true, false, false, 10, 10, 1 }, FOUND_CORRUPT },
		{ "ends early", { true, false, false, 10, 9, 0 }, FOUND_HALF },
		{ "there and empty", { true, false, false, 10, 0, 0 }, FOUND_HALF },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_text(rows[i].what, object_found_names[found_judge(&rows[i].answer)],
			    object_found_names[rows[i].found]);
	assert_int_equal(failures, 0);
}

/* Half of an object, its connection broken: while it is read in earnest, and while an earlier reading is cut. */
static void test_half(void **state)
{
	static const struct scenario scenario = { .on_crash = CRASH_RESTART };
	static const struct {
		const char *what;
		enum phase_id now;
		uint64_t half_visible;
	} rows[] = {
		{ "read", PHASE_AFTERMATH_READ, 1 },
		{ "cut", PHASE_AFTERMATH, 0 },
	};
	struct load_request half = broke(1, 1000 * MS);

	(void)state;
	half.found = FOUND_HALF;
	half.acknowledged = true;
	half.group = "g";
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run *r = xcalloc(1, sizeof(*r));
		r->scenario = &scenario;
		r->schedule = (struct schedule){ .now = rows[i].now, .name = "aftermath" };
		r->life.number = 2;
		r->store.requests = fopen("/dev/null", "w");
		r->facts.aftermath_half_visible = fact_of(0);
		r->facts.aftermath_unread = fact_of(1);
		request_rows_note(r, &half);
		objects_found_end(r);
		expect_figure(rows[i].what, r->facts.aftermath_half_visible.value, rows[i].half_visible);
		expect_figure(rows[i].what, r->facts.aftermath_unread.value, 1 - rows[i].half_visible);
		fclose(r->store.requests);
		buf_release(&r->books.row);
		free(r);
	}
	assert_int_equal(failures, 0);
}

/* ---- what is said ------------------------------------------------------- */

/* Deaths at these seconds, each life ready 0.1 s after the end before; -1 ends. */
static struct facts died(const double *at_s, bool ready)
{
	struct facts f = { 0 };
	for (; *at_s >= 0; at_s++)
		f.deaths[f.death_count++] = (struct facts_death){ .end_ns = fact_of((uint64_t)(*at_s * 1e9)),
								  .ready_ns = ready ? fact_of(1) : FACT_NONE,
								  .signal = fact_of(9),
								  .oom_kill = fact_of(1),
								  .down_ns = fact_of(100 * MS),
								  .lost = fact_of(7) };
	return f;
}

static void expect_line(const char *what, const struct facts *f, const char *part, bool there)
{
	struct verdict v = { 0 };
	bool found = false;
	aftermath_explain(f, &v);
	for (size_t i = 0; i < v.evidence_count; i++)
		found |= strstr(v.evidence[i], part) != NULL;
	if (found != there) {
		print_error("%s: '%s' %s in:\n", what, part, there ? "is not" : "is");
		for (size_t i = 0; i < v.evidence_count; i++)
			print_error("    %s\n", v.evidence[i]);
		failures++;
	}
	verdict_release(&v);
}

static void test_deaths_line(void **state)
{
	struct facts f = died((double[]){ 12, 24.1, 36.2, -1 }, true);
	(void)state;
	expect_line("three kills", &f, "killed 3 times, every 12.1 s; down 0.30 s in all, 21 requests lost", true);
	expect_line("slow enough", &f, "crash loop", false);
	f.deaths[1].oom_kill = fact_of(0);
	expect_line("one of another cause", &f, "ended 3 times, every 12.1 s, 2 of them killed", true);
	f.deaths[2].down_ns = FACT_NONE;
	expect_line("the last one for good", &f, "not ready again after the last", true);
	f.gave_up = fact_of(1);
	expect_line("given up", &f, "given up after 2 restarts", true);
	f = died((double[]){ 5, -1 }, true);
	expect_line("one", &f, "killed 1 time; down 0.10 s in all, 7 requests lost", true);
	f.deaths[0].lost = FACT_NONE; /* a read-back: its load was cut */
	expect_line("read-back", &f, "killed", false);
	assert_int_equal(failures, 0);
}

static void test_crash_loop(void **state)
{
	static const struct {
		const char *what;
		double at_s[6];
		bool ready, loop;
	} rows[] = {
		{ "one death", { 1, -1 }, true, false },
		{ "one before it was ready", { 1, -1 }, false, true },
		{ "two close by", { 1, 1.5, -1 }, true, false },
		{ "three within 10 s", { 1, 6, 11, -1 }, true, true },
		{ "three in more", { 1, 6, 11.1, -1 }, true, false },
		{ "the last three", { 1, 60, 62, 64, -1 }, true, true },
		{ "two pairs", { 1, 2, 60, 61, -1 }, true, false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = died(rows[i].at_s, rows[i].ready);
		expect_figure(rows[i].what, aftermath_is_crash_loop(&f), rows[i].loop);
		expect_line(rows[i].what, &f, "crash loop", rows[i].loop);
	}
	assert_int_equal(failures, 0);
}

static void test_objects_line(void **state)
{
	struct facts f = { .aftermath_acknowledged = fact_of(41),
			   .aftermath_intact = fact_of(41),
			   .aftermath_lost = fact_of(0),
			   .aftermath_corrupt = fact_of(0),
			   .aftermath_half_visible = fact_of(0),
			   .aftermath_unread = fact_of(0),
			   .aftermath_ready_ns = fact_of(120 * MS) };
	struct facts none = { 0 };
	(void)state;
	expect_line("nothing asked", &none, "aftermath", false);
	expect_line(
		"all there", &f,
		"aftermath: of 41 acknowledged uploads 41 intact, 0 lost, 0 corrupt, 0 half-visible, 0 not read; ready "
		"again after 0.12 s",
		true);
	expect_line("names unknown", &f, "never answered", false);
	f.unanswered_absent = fact_of(2);
	expect_line("names known", &f, "never answered 2 absent, 0 whole", true);
	f.aftermath_intact = fact_of(0);
	f.aftermath_unread = fact_of(41);
	f.aftermath_ready_ns = FACT_NONE;
	strcpy(f.aftermath_error, "the server was not ready after 10 s");
	expect_line("unknown", &f, "aftermath unknown: of 41 acknowledged uploads 0 intact", true);
	expect_line("unknown", &f, "41 not read; not ready again", true);
	expect_line("why", &f, "aftermath: the server was not ready after 10 s", true);
	assert_int_equal(failures, 0);
}

static void test_cap_of_later_lives(void **state)
{
	const struct {
		const char *what, *line;
		struct facts f;
		bool uncapped;
	} rows[] = {
		{ "no later life", "group", { .server_in_group = fact_of(0) }, false },
		{ "inside", "group", { .again_in_group = fact_of(1) }, false },
		{ "outside", "ran outside its group", { .again_in_group = fact_of(0) }, true },
		{ "not seen", "could not be looked for in its group", { .again_in_group = FACT_BROKEN }, true },
		{ "cap lifted", "128 MiB of memory", { .again_cap_bytes = fact_of(128 << 20) }, true },
		{ "swap", "128 MiB with swap", { .again_cap_swap_bytes = fact_of(128 << 20) }, true },
	};
	const char *const crashed = "crashed";
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct expectation e = { .verdicts = (char *const *)(uintptr_t)&crashed, .count = 1 };
		struct verdict v = { .outcome = OUTCOME_CRASHED };
		expect_line(rows[i].what, &rows[i].f, rows[i].line, rows[i].uncapped);
		expect_figure(rows[i].what, aftermath_uncapped(&rows[i].f), rows[i].uncapped);
		expect_figure(rows[i].what, verdict_as_expected(&v, &rows[i].f, &e), !rows[i].uncapped);
	}
	assert_int_equal(failures, 0);
}

static void test_deaths_through_json(void **state)
{
	struct facts f = died((double[]){ 12, 24.1, -1 }, true), back;
	struct error err = ERROR_INIT;
	(void)state;
	f.deaths[1].oom_kill = FACT_BROKEN;
	f.deaths[1].ready_ns = FACT_NONE;
	json_t *json = facts_to_json(&f);
	assert_int_equal(facts_from_json(&back, json, &err), 0);
	assert_int_equal(back.death_count, 2);
	assert_memory_equal(back.deaths, f.deaths, 2 * sizeof(f.deaths[0]));
	for (int i = 0; i < FACTS_DEATHS_MAX; i++)
		json_array_append_new(json_object_get(json, "deaths"), json_object());
	assert_int_equal(facts_from_json(&back, json, &err), -1);
	assert_string_equal(err.message, "'facts' holds more than 64 deaths");
	json_decref(json);
}

/* ---- the charge at a later death ---------------------------------------- */

static void sample(struct gather *g, uint64_t t_ms, uint64_t anon, uint64_t kills, enum sample_reason reason)
{
	struct sample s = { .t_ns = t_ms * MS, .reason = reason };
	s.memory.field[MEMORY_ANON] = fact_of(anon);
	s.memory.field[MEMORY_OOM_KILL] = fact_of(kills);
	gather_sample(g, &s);
}

static void test_later_death(void **state)
{
	struct facts f = { 0 };
	struct gather g;
	(void)state;
	gather_init(&g, &f);
	gather_phase(&g, GATHER_LOAD);
	sample(&g, 1000, 64, 0, SAMPLE_OOM);
	gather_death(&g, 1010 * MS);
	gather_phase(&g, GATHER_STOP);
	gather_forget(&g, 1);
	assert_null(gather_at_death(&g, 1010 * MS));
	sample(&g, 1500, 7, 1, SAMPLE_TICK);
	assert_int_equal(gather_at_death(&g, 1600 * MS)->memory.field[MEMORY_ANON].value, 7);
	sample(&g, 1700, 60, 1, SAMPLE_OOM); /* the counter stands at the kill before */
	sample(&g, 1701, 2, 2, SAMPLE_OOM);  /* and now at this one */
	sample(&g, 4000, 3, 2, SAMPLE_TICK); /* it takes its time to be gone */
	assert_int_equal(gather_at_death(&g, 4100 * MS)->memory.field[MEMORY_ANON].value, 60);
	assert_int_equal(f.death_anon_bytes.value, 64); /* the first death's stays */
	gather_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lost, reset_failures),
		cmocka_unit_test(test_torn),
		cmocka_unit_test_setup(test_found, reset_failures),
		cmocka_unit_test_setup(test_half, reset_failures),
		cmocka_unit_test_setup(test_deaths_line, reset_failures),
		cmocka_unit_test_setup(test_crash_loop, reset_failures),
		cmocka_unit_test_setup(test_objects_line, reset_failures),
		cmocka_unit_test(test_cap_of_later_lives),
		cmocka_unit_test(test_deaths_through_json),
		cmocka_unit_test(test_later_death),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
