/*
 * Comparisons of simulated runs: what they answer where the truth is known, and
 * how often they cry wolf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "campaign/compare.h"

#define MIB 1048576.0
#define RUNS_MAX 60
#define ROUNDS 400

/* A program as its runs show it: killed at random at 256 MiB, otherwise figures with noise. */
struct program {
	double crash_rate, peak_bytes, peak_noise, throughput, throughput_noise;
	double loss_rate, grade, failed; /* runs with lost data; the verdict of those that live; share of requests */
	double noise_bytes;		 /* the judge's */
};

static void put(struct observation *o, enum metric_id id, double value, bool censored)
{
	o->known[id] = true;
	o->reading[id] = (struct reading){ value, censored };
}

static void simulate(struct observations *o, const struct program *p, size_t runs, gsl_rng *rng)
{
	memset(o->items, 0, runs * sizeof(*o->items));
	o->count = o->judged = runs;
	for (size_t i = 0; i < runs; i++) {
		struct observation *item = &o->items[i];
		item->judged = true;
		item->cap_bytes = 256 * MIB;
		item->crashed = gsl_rng_uniform(rng) < p->crash_rate;
		item->survived = !item->crashed;
		item->noise_bytes = p->noise_bytes;
		put(item, METRIC_CRASHES, item->crashed, false);
		put(item, METRIC_LOSS, gsl_rng_uniform(rng) < p->loss_rate, false);
		put(item, METRIC_VERDICT, item->crashed ? 5 : p->grade, false);
		if (item->crashed) {
			put(item, METRIC_PEAK, 256 * MIB, true);
			continue;
		}
		put(item, METRIC_PEAK, p->peak_bytes * exp(gsl_ran_gaussian(rng, p->peak_noise)), false);
		put(item, METRIC_FAILED, p->failed, false);
		put(item, METRIC_GROWTH, gsl_ran_gaussian(rng, 4096), false);
		put(item, METRIC_THROUGHPUT, p->throughput * exp(gsl_ran_gaussian(rng, p->throughput_noise)), false);
		put(item, METRIC_LATENCY, 1e9 * exp(gsl_ran_gaussian(rng, p->throughput_noise)), false);
	}
}

static struct comparison once(const struct program *a, const struct program *b, size_t runs)
{
	static struct observation items[2][RUNS_MAX];
	static struct observations side[2] = { { .name = "a", .items = items[0] }, { .name = "b", .items = items[1] } };
	const struct compare_options options = COMPARE_DEFAULTS;
	struct comparison c;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	simulate(&side[0], a, runs, rng);
	simulate(&side[1], b, runs, rng);
	compare(&side[0], &side[1], &options, &c);
	gsl_rng_free(rng);
	return c;
}

static const struct program dies = { .crash_rate = 1 };
static const struct program calm = { 0, 20 * MIB, 0.03, 1e8, 0.1, .grade = 1 };
static const struct program coin = { 0.5, 200 * MIB, 0.05, 1e8, 0.3, .grade = 1 };

static void test_answers(void **state)
{
	(void)state;
	const struct program heavier = { 0, 30 * MIB, 0.03, 1e8, 0.1, .grade = 1 },
			     slower = { 0, 20 * MIB, 0.03, 0.5e8, 0.1, .grade = 1 };
	const struct {
		const char *what;
		const struct program *a, *b;
		size_t runs;
		enum metric_id metric;
		enum answer finding, all;
	} rows[] = {
		{ "all died, none does", &dies, &calm, 10, METRIC_CRASHES, ANSWER_BETTER, ANSWER_BETTER },
		{ "none died, all do", &calm, &dies, 10, METRIC_CRASHES, ANSWER_WORSE, ANSWER_WORSE },
		{ "peaks cut by kills", &dies, &calm, 10, METRIC_PEAK, ANSWER_BETTER, ANSWER_BETTER },
		{ "half as much again", &calm, &heavier, 10, METRIC_PEAK, ANSWER_WORSE, ANSWER_WORSE },
		{ "half as fast", &calm, &slower, 10, METRIC_THROUGHPUT, ANSWER_WORSE, ANSWER_WORSE },
		{ "the same program", &calm, &calm, 30, METRIC_PEAK, ANSWER_SAME, ANSWER_SAME },
		{ "three runs prove nothing", &dies, &calm, 3, METRIC_CRASHES, ANSWER_INCONCLUSIVE,
		  ANSWER_INCONCLUSIVE },
		{ "a coin flip against itself", &coin, &coin, 8, METRIC_CRASHES, ANSWER_INCONCLUSIVE,
		  ANSWER_INCONCLUSIVE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct comparison c = once(rows[i].a, rows[i].b, rows[i].runs);
		const struct finding *f = &c.findings[rows[i].metric];
		if (f->answer != rows[i].finding || c.answer != rows[i].all)
			fail_msg("%s: got '%s', over all '%s', expected '%s' and '%s'", rows[i].what,
				 answer_names[f->answer], answer_names[c.answer], answer_names[rows[i].finding],
				 answer_names[rows[i].all]);
		if (f->answer == ANSWER_INCONCLUSIVE)
			assert_true(f->more > 0);
	}
}

/* Less memory makes nothing better that loses data, refuses uploads, leaks or dies. */
static void test_correctness_comes_first(void **state)
{
	(void)state;
	const struct program large = { 0, 100 * MIB, 0.03, 1e8, 0.1, .grade = 1 };
	const struct program refuses = { 0, 10 * MIB, 0.03, 1e8, 0.1, .grade = 0, .failed = 0.5, .loss_rate = 1 };
	const struct program corrupts = { 0, 100 * MIB, 0.03, 1e8, 0.1, .grade = 1, .loss_rate = 1 };
	const struct program seldom = { 0, 10 * MIB, 0.03, 1e8, 0.1, .grade = 1, .loss_rate = 0.25 };
	const struct program leaks = { 0, 100 * MIB, 0.03, 1e8, 0.1, .grade = 3 };
	const struct program small = { 0, 10 * MIB, 0.03, 1e8, 0.1, .grade = 1 };
	const struct {
		const char *what;
		const struct program *a, *b;
		enum metric_id metric;
		enum answer finding, all;
		bool leans;
	} rows[] = {
		{ "refuses half and loses data, in less memory", &large, &refuses, METRIC_LOSS, ANSWER_WORSE,
		  ANSWER_WORSE, false },
		{ "the same, its failed requests", &large, &refuses, METRIC_FAILED, ANSWER_WORSE, ANSWER_WORSE, false },
		{ "wrong bytes, all else equal", &large, &corrupts, METRIC_LOSS, ANSWER_WORSE, ANSWER_WORSE, false },
		{ "no wrong bytes any more", &corrupts, &large, METRIC_LOSS, ANSWER_BETTER, ANSWER_BETTER, false },
		{ "lost in some runs, in less memory", &large, &seldom, METRIC_LOSS, ANSWER_INCONCLUSIVE,
		  ANSWER_INCONCLUSIVE, true },
		{ "a leak where there was a peak", &large, &leaks, METRIC_VERDICT, ANSWER_WORSE, ANSWER_WORSE, false },
		{ "a peak where there was a leak", &leaks, &large, METRIC_VERDICT, ANSWER_BETTER, ANSWER_BETTER,
		  false },
		{ "less memory alone", &large, &small, METRIC_PEAK, ANSWER_BETTER, ANSWER_BETTER, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct comparison c = once(rows[i].a, rows[i].b, 6);
		const struct finding *f = &c.findings[rows[i].metric];
		if (!f->there || f->answer != rows[i].finding || c.answer != rows[i].all || c.leans != rows[i].leans)
			fail_msg("%s: got '%s', over all '%s'%s, expected '%s' and '%s'", rows[i].what,
				 f->there ? answer_names[f->answer] : f->why, answer_names[c.answer],
				 c.leans ? " that looks worse" : "", answer_names[rows[i].finding],
				 answer_names[rows[i].all]);
	}
}

/* 1.13 to 1.39 MiB is a fifth more, and below what the judge takes for noise. */
static void test_less_than_noise_is_the_same(void **state)
{
	(void)state;
	const struct program a = { 0, 1.13 * MIB, 0.01, 1e8, 0.01, .noise_bytes = 4 * MIB };
	const struct program b = { 0, 1.39 * MIB, 0.01, 1e8, 0.01, .noise_bytes = 4 * MIB };
	const struct program far = { 0, 9 * MIB, 0.01, 1e8, 0.01, .noise_bytes = 4 * MIB };
	struct comparison c = once(&a, &b, 10);
	const struct finding *f = &c.findings[METRIC_PEAK];
	assert_int_equal(f->answer, ANSWER_SAME);
	assert_true(f->within_amount && f->within < 0.4 * MIB && f->within > 0.2 * MIB);
	c = once(&a, &far, 10);
	assert_int_equal(c.findings[METRIC_PEAK].answer, ANSWER_WORSE);
}

/* One family: what is no more than chance in one scenario is not more in ten of them. */
static void test_all_scenarios_are_one_family(void **state)
{
	(void)state;
	enum { PAIRS = 10, RUNS = 10 };
	static struct observation items[PAIRS][2][RUNS_MAX];
	static struct observations sides[PAIRS][2];
	const struct compare_options options = COMPARE_DEFAULTS;
	const struct program wild = { 0.2, 100 * MIB, 0.4, 1e8, 0.5, .grade = 1 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	size_t alarms = 0;
	for (size_t round = 0; round < 100; round++) {
		struct comparison pairs[PAIRS] = { 0 };
		bool alarm = false;
		for (size_t i = 0; i < PAIRS; i++)
			for (size_t k = 0; k < 2; k++) {
				sides[i][k] = (struct observations){ .name = "x", .items = items[i][k] };
				simulate(&sides[i][k], &wild, RUNS, rng);
				pairs[i].side[k] = &sides[i][k];
			}
		compare_all(pairs, PAIRS, &options);
		for (size_t i = 0; i < PAIRS; i++)
			alarm |= pairs[i].answer == ANSWER_WORSE || pairs[i].answer == ANSWER_BETTER;
		alarms += alarm;
	}
	gsl_rng_free(rng);
	print_message("# 100 comparisons of %d scenarios with themselves: %zu false alarms\n", PAIRS, alarms);
	assert_true(alarms <= 11);
}

static void test_all_killed_has_no_throughput(void **state)
{
	(void)state;
	struct comparison c = once(&dies, &calm, 10);
	assert_false(c.findings[METRIC_THROUGHPUT].there);
	assert_string_equal(c.findings[METRIC_THROUGHPUT].why, "no figures on the first side");
	assert_int_equal(c.findings[METRIC_PEAK].censored[0], 10);
	assert_true(isnan(c.findings[METRIC_PEAK].centre[0])); /* not a median of caps */
}

static void test_other_caps_make_no_crash_rate(void **state)
{
	(void)state;
	struct observation items[2][8];
	struct observations side[2] = { { .name = "a", .items = items[0] }, { .name = "b", .items = items[1] } };
	const struct compare_options options = COMPARE_DEFAULTS;
	struct comparison c;
	memset(items, 0, sizeof(items));
	for (size_t k = 0; k < 2; k++) {
		side[k].count = side[k].judged = 8;
		for (size_t i = 0; i < 8; i++) {
			struct observation *item = &items[k][i];
			item->judged = true;
			item->cap_bytes = (60 + 20 * (double)i) * MIB;
			item->survived = item->cap_bytes > (k == 0 ? 150 : 90) * MIB;
			item->crashed = !item->survived;
			put(item, METRIC_CRASHES, item->crashed, false);
		}
	}
	compare(&side[0], &side[1], &options, &c);
	assert_false(c.findings[METRIC_CRASHES].there);
	assert_true(c.findings[METRIC_FLOOR].there);
	assert_int_equal(c.findings[METRIC_FLOOR].answer, ANSWER_BETTER);
	assert_true(c.findings[METRIC_FLOOR].estimate.lo < -0.2);
}

/* No side proves anything: an answer would be one from silence. */
static void test_nothing_judged_is_inconclusive(void **state)
{
	(void)state;
	struct observation none[3] = { { .judged = false } };
	struct observations a = { .name = "a", .items = none, .count = 3 }, b = a;
	const struct compare_options options = COMPARE_DEFAULTS;
	struct comparison c;
	compare(&a, &b, &options, &c);
	assert_int_equal(c.answer, ANSWER_INCONCLUSIVE);
	for (size_t i = 0; i < METRICS; i++)
		assert_false(c.findings[i].there);
}

static void count_answers(const struct program *a, const struct program *b, size_t runs, size_t seen[4])
{
	static struct observation items[2][RUNS_MAX];
	static struct observations side[2] = { { .name = "a", .items = items[0] }, { .name = "b", .items = items[1] } };
	const struct compare_options options = COMPARE_DEFAULTS;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	memset(seen, 0, 4 * sizeof(seen[0]));
	for (size_t i = 0; i < ROUNDS; i++) {
		struct comparison c;
		simulate(&side[0], a, runs, rng);
		simulate(&side[1], b, runs, rng);
		compare(&side[0], &side[1], &options, &c);
		seen[c.answer]++;
	}
	gsl_rng_free(rng);
	print_message("# %zu runs a side, %d comparisons: better %zu, worse %zu, same %zu, inconclusive %zu\n", runs,
		      ROUNDS, seen[ANSWER_BETTER], seen[ANSWER_WORSE], seen[ANSWER_SAME], seen[ANSWER_INCONCLUSIVE]);
}

static void test_it_does_not_cry_wolf(void **state)
{
	(void)state;
	/* Wild noise, coin flips and a calm program: alarms stay below alpha (5 %), with three sigma of slack. */
	const struct program wild = { 0.2, 100 * MIB, 0.4, 1e8, 0.5, .loss_rate = 0.1, .grade = 1 };
	const struct program *const programs[] = { &calm, &coin, &wild };
	for (size_t i = 0; i < 3; i++)
		for (size_t runs = 5; runs <= 20; runs += 5) {
			size_t seen[4];
			count_answers(programs[i], programs[i], runs, seen);
			assert_true(seen[ANSWER_BETTER] + seen[ANSWER_WORSE] <= ROUNDS * 8 / 100);
		}
}

static void test_it_sees_what_is_there(void **state)
{
	(void)state;
	const struct program fixed = { 0, 150 * MIB, 0.05, 1e8, 0.3, .grade = 1 },
			     heavier = { 0, 25 * MIB, 0.03, 1e8, 0.1, .grade = 1 };
	size_t seen[4];
	count_answers(&coin, &fixed, 20, seen);
	assert_true(seen[ANSWER_BETTER] >= ROUNDS * 95 / 100);
	count_answers(&calm, &heavier, 10, seen);
	assert_true(seen[ANSWER_WORSE] >= ROUNDS * 95 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_correctness_comes_first),
		cmocka_unit_test(test_less_than_noise_is_the_same),
		cmocka_unit_test(test_all_scenarios_are_one_family),
		cmocka_unit_test(test_all_killed_has_no_throughput),
		cmocka_unit_test(test_other_caps_make_no_crash_rate),
		cmocka_unit_test(test_nothing_judged_is_inconclusive),
		cmocka_unit_test(test_it_does_not_cry_wolf),
		cmocka_unit_test(test_it_sees_what_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
