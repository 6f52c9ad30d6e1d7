/* What parts a leak from memory that was kept: warm-up rounds, runtimes, laws that a round refutes, late readings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "judge/law.h"
#include "judge/recipe.h"
#include "judge/warm_up.h"
#include "judge_cases.h"
#include "observe/runtime.h"
#include "run/live_figure.h"

#define MIB 1048576ULL

static void a_warm_up_ends_when_the_level_stands_still(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t mib[WARM_UP_ROUNDS_MAX + 1];
		size_t rounds;
		uint64_t cap_mib;
		enum warm_up_answer answer;
	} rows[] = {
		{ "none yet", { 5 }, 0, 256, WARM_UP_ANOTHER },
		{ "flat from the first, but two rounds are few", { 5, 5, 5 }, 2, 256, WARM_UP_ANOTHER },
		{ "flat", { 5, 5, 5, 5 }, 3, 256, WARM_UP_STILL },
		{ "warm after one", { 5, 30, 31, 30 }, 3, 256, WARM_UP_STILL },
		{ "still warming", { 5, 15, 22, 27 }, 3, 256, WARM_UP_ANOTHER },
		{ "warm after four", { 5, 15, 22, 27, 28, 28 }, 5, 256, WARM_UP_STILL },
		{ "a collector's saw-tooth under what was there before", { 5, 30, 12, 28 }, 3, 256, WARM_UP_STILL },
		{ "a step in the last round", { 5, 20, 20, 20, 30 }, 4, 256, WARM_UP_ANOTHER },
		{ "a leak never ends it",
		  { 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53 },
		  12,
		  1024,
		  WARM_UP_RISES },
		{ "nor may it fill the cap", { 5, 25, 45, 65 }, 3, 256, WARM_UP_FULL },
		{ "without a cap there is no such end", { 5, 105, 205, 305 }, 3, 0, WARM_UP_ANOTHER },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t level[WARM_UP_ROUNDS_MAX + 1];
		for (size_t k = 0; k <= rows[i].rounds; k++)
			level[k] = rows[i].mib[k] * MIB;
		enum warm_up_answer got = warm_up_next(level, rows[i].rounds, 16 * MIB, rows[i].cap_mib * MIB);
		if (got != rows[i].answer)
			fail_msg("%s: got %d, expected %d", rows[i].name, got, rows[i].answer);
	}
}

static void runtimes_are_recognised(void **state)
{
	(void)state;
	static const struct {
		const char *path, *line, *runtime;
	} rows[] = {
		{ "/usr/bin/node", NULL, "node" },
		{ "/usr/bin/python3.11", NULL, "python" },
		{ "/usr/sbin/php-fpm8.2", NULL, "php" },
		{ "/usr/lib/jvm/java-17/bin/java", NULL, "jvm" },
		{ "/opt/nodelay", NULL, NULL },
		{ "/opt/javascript", NULL, NULL },
		{ "/usr/sbin/nginx", NULL, NULL },
		{ NULL, "7f00-7f01 r-xp 0 08:01 9 /usr/lib/jvm/x/lib/server/libjvm.so\n", "jvm" },
		{ NULL, "7f00-7f01 r-xp 0 08:01 9 /usr/lib/libpython3.11.so.1.0\n", "python" },
		{ NULL, "7f00-7f01 rw-p 0 00:00 0 \n", NULL },
		{ NULL, "7f00-7f01 r-xp 0 08:01 9 /usr/lib/libc.so.6\n", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = rows[i].path ? runtime_of_name(rows[i].path) : runtime_of_mapping(rows[i].line);
		if ((got == NULL) != (rows[i].runtime == NULL) || (got != NULL && strcmp(got, rows[i].runtime) != 0))
			fail_msg("%s: got %s", rows[i].path ? rows[i].path : rows[i].line, got ? got : "none");
		if (got != NULL && recipe_of(got) == NULL)
			fail_msg("no recipe for %s", got);
	}
	assert_null(runtime_of(getpid())); /* C has no heap that is collected */
	assert_null(recipe_of(""));
}

/* Nine rounds as run/rounds.c makes them; kept: of each round, by the most in flight so far and by the request. */
static struct facts nine_rounds(double by_high_water, double by_request, double vanished_share)
{
	struct facts f;
	double level = 20.0 * (double)MIB, high_water = 0;

	make_facts(&f, ANON_STAYS "series=rises");
	f.point_count = 0;
	f.round_count = 9;
	for (size_t i = 0; i < f.round_count; i++) {
		unsigned step = i == 0 ? 0 : (unsigned)i - 1;
		double clients = 2 * (step & 4 ? 3 : 1), requests = clients * 3 * (i == 0 ? 12 : step & 1 ? 2 : 1);
		double before = level;
		if (clients > high_water)
			level += by_high_water * (clients - high_water);
		else if (step >= 4) /* an arena more for every few uploads, while there are as many clients */
			level += by_high_water / 6 * requests / 18;
		high_water = clients > high_water ? clients : high_water;
		level += by_request * requests;
		f.rounds[i] = (struct facts_round){ .clients = fact_of((uint64_t)clients),
						    .requests = fact_of((uint64_t)(requests * (1 - vanished_share))),
						    .ended = fact_of((uint64_t)requests),
						    .bytes = fact_of((uint64_t)(requests * 1e6 * (step & 2 ? 2 : 1))),
						    .start_bytes = fact_of((uint64_t)before),
						    .peak_bytes = fact_of((uint64_t)(level + clients * 1e6)),
						    .end_bytes = fact_of((uint64_t)level) };
	}
	return f;
}

static void rounds_have_the_word(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double by_high_water, by_request, vanished;
		const char *cause;
		bool refuted;
	} rows[] = {
		{ "a leak by the request", 0, 1e6, 0, "leak", false },
		{ "the same, of requests that vanish", 0, 1e6, 1, "leak", false },
		{ "arenas that fill as more is in flight", 4e6, 0, 0, "kept", true },
		{ "nothing is kept by the rounds", 0, 0, 0, "kept", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = nine_rounds(rows[i].by_high_water, rows[i].by_request, rows[i].vanished);
		struct verdict v;
		judge(&f, &v);
		bool several = has_line(&v, "several rounds");
		if (v.cause == NULL || strcmp(v.cause, rows[i].cause) != 0 || several) {
			for (size_t k = 0; k < v.evidence_count; k++)
				print_error("    %s\n", v.evidence[k]);
			fail_msg("%s: got %s, expected %s%s", rows[i].name, v.cause ? v.cause : "nothing",
				 rows[i].cause, several ? ", and several rounds are asked for within several" : "");
		}
		verdict_release(&v);
	}
}

/* By the later rounds 2 MB for each request: with twelve times as many the warm-up kept nothing. */
static void the_warm_up_round_refutes_a_law(void **state)
{
	(void)state;
	struct facts f = nine_rounds(0, 2e6, 0);
	struct law laws[LAWS];

	laws_fit(&f, laws);
	assert_int_equal(laws[LAW_KEPT].dominant, LAW_REQUESTS);
	assert_false(laws[LAW_KEPT].refuted);
	f.rounds[0].start_bytes = f.rounds[0].end_bytes;
	laws_fit(&f, laws);
	assert_true(laws[LAW_KEPT].refuted);
	assert_int_equal(laws[LAW_KEPT].dominant, -1);
}

/* What the server says of itself: 64 MiB stayed, and rose with the work. */
static void the_servers_own_figure_counts(void **state)
{
	(void)state;
#define GROWS ANON_STAYS KEEPS_RISING
	static const struct judge_case cases[] = {
		{ "without one", GROWS, "grew/leak", NULL },
		{ "it fell back", GROWS "baseline_live_bytes=4MiB;settled_live_bytes=5MiB", "grew/kept",
		  "the server itself says that it holds 5 MiB after the load, 4 MiB before it: what stayed is kept" },
		{ "it fell below", GROWS "baseline_live_bytes=9MiB;settled_live_bytes=5MiB", "grew/kept",
		  "kept by its allocator or runtime" },
		{ "it fell back, its garbage collected: a peak, whatever its allocator keeps",
		  GROWS "collected_unreclaimable_bytes=68MiB;baseline_live_bytes=4MiB;settled_live_bytes=5MiB",
		  "grew/peak", "the server has let go of it" },
		{ "collected, and it grew",
		  GROWS "collected_unreclaimable_bytes=68MiB;baseline_live_bytes=4MiB;"
			"settled_live_bytes=66MiB",
		  "grew/leak", "by its own account" },
		{ "a quarter of it", GROWS "baseline_live_bytes=4MiB;settled_live_bytes=19MiB", "grew/kept", NULL },
		{ "neither here nor there", GROWS "baseline_live_bytes=4MiB;settled_live_bytes=28MiB", "grew/leak",
		  NULL },
		{ "it grew too", GROWS "baseline_live_bytes=4MiB;settled_live_bytes=66MiB", "grew/leak",
		  "what stayed is in use, by its own account" },
		{ "known before the load alone", GROWS "baseline_live_bytes=4MiB", "grew/leak", NULL },
		{ "it grew, and the load cannot tell whether it goes on",
		  ANON_STAYS "baseline_live_bytes=4MiB;settled_live_bytes=66MiB", "grew/kept", "by its own account" },
	};
	expect_cases(cases, COUNT(cases));
}

/* 100 MiB over an idle server, of which a warm-up has taken more or less before the baseline: always the same. */
static void a_warm_up_does_not_hide_a_peak(void **state)
{
	(void)state;
#define WARMED                                                                                                         \
	"baseline_unreclaimable_bytes=84MiB;baseline_usage_bytes=90MiB;peak_usage_bytes=512MiB;"                       \
	"cap_asked_bytes=512MiB;cap_in_force_bytes=512MiB;swap_asked_bytes=0;cap_swap_in_force_bytes=512MiB;"          \
	"peak_sampled_usage_bytes=512MiB;peak_unreclaimable_bytes=125MiB;warm_up_rounds=4;settled_live_bytes=5MiB;"
	static const struct judge_case cases[] = {
		{ "from idle", WARMED "warm_up_from_bytes=20MiB", "grew/peak", NULL },
		{ "the warm-up took nothing", WARMED "warm_up_from_bytes=83MiB", "grew/page-cache", NULL },
	};
	expect_cases(cases, COUNT(cases));
}

static void figures_of_runtimes_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *json, *pointer;
		uint64_t bytes;
		bool known;
	} rows[] = {
		{ "{\"rss\":9,\"heapUsed\":5,\"external\":7,\"arrayBuffers\":3}", NULL, 12, true },
		{ "{\"heapUsed\":5}", NULL, 0, false },
		{ "{\"memstats\":{\"HeapAlloc\":8}}", NULL, 8, true },
		{ "{\"HeapAlloc\":8}", NULL, 8, true },
		{ "{\"HeapAlloc\":8,\"mine\":{\"n\":0}}", "/mine/n", 0, true },
		{ "{\"HeapAlloc\":8}", "/mine", 0, false },
		{ "{\"HeapAlloc\":-1}", NULL, 0, false },
		{ "{\"HeapAlloc\":\"8\"}", NULL, 0, false },
		{ "[]", NULL, 0, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *figures = json_loads(rows[i].json, 0, NULL);
		struct fact got = live_figure(figures, rows[i].pointer);
		if (fact_known(got) != rows[i].known || got.value != rows[i].bytes)
			fail_msg("%s: got %d, %llu", rows[i].json, got.state, (unsigned long long)got.value);
		json_decref(figures);
	}
}

/* A sample read when the memory had gone is set beside the kernel's figures of the kill, which win. */
static void the_kernels_figures_of_a_kill_win(void **state)
{
	(void)state;
	static const struct judge_case cases[] = {
		{ "read too late",
		  KILLED "death_usage_bytes=5MiB;death_anon_bytes=0;death_file_bytes=0;death_kernel_bytes=5000KiB;"
			 "dump_usage_bytes=256MiB;dump_anon_bytes=251MiB;dump_file_bytes=0;dump_shmem_bytes=0;"
			 "dump_kernel_bytes=4MiB",
		  "crashed/oom-kill", "private memory of its processes (anon), 98 % of the charge" },
		{ "and that is said",
		  KILLED "death_usage_bytes=5MiB;death_anon_bytes=0;death_file_bytes=0;death_kernel_bytes=5000KiB;"
			 "dump_usage_bytes=256MiB;dump_anon_bytes=251MiB;dump_file_bytes=0;dump_shmem_bytes=0;"
			 "dump_kernel_bytes=4MiB",
		  "crashed/oom-kill", "the nearest sample (5 MiB, anon 0 B) contradicts them" },
		{ "read in time: the sample has more to say", KILLED "dump_usage_bytes=256MiB;dump_anon_bytes=232MiB",
		  "crashed/oom-kill", "(all that counts against the cap): 256 MiB = anon 231" },
	};
	expect_cases(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_warm_up_ends_when_the_level_stands_still),
		cmocka_unit_test(runtimes_are_recognised),
		cmocka_unit_test(rounds_have_the_word),
		cmocka_unit_test(the_warm_up_round_refutes_a_law),
		cmocka_unit_test(the_servers_own_figure_counts),
		cmocka_unit_test(a_warm_up_does_not_hide_a_peak),
		cmocka_unit_test(figures_of_runtimes_are_read),
		cmocka_unit_test(the_kernels_figures_of_a_kill_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
