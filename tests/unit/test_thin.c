/*
 * test_thin - rows thinned out: no peak is lost, rows stay as they were and in order, few rows stay all.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "html/thin.h"

#define ROWS 100003
#define COLUMNS 4 /* time, two tracked, one that only goes along */

struct seen {
	size_t count;
	double last_time, low[3], high[3];
	int strange; /* rows that were never added, or come too early */
};

/* Figures that look like noise, the same at every call; the third column tells which row it is. */
static void make_row(size_t i, double row[COLUMNS])
{
	uint64_t x = (uint64_t)i * 6364136223846793005ULL + 1442695040888963407ULL;
	row[0] = (double)i / 100;
	row[1] = (double)(x >> 40);
	row[2] = i % 7 == 3 ? NAN : (double)(x >> 20 & 0xfffff);
	row[3] = (double)i;
}

static void see(const double *row, void *arg)
{
	struct seen *s = arg;
	double made[COLUMNS];
	make_row((size_t)row[3], made);
	s->strange += row[0] < s->last_time || made[0] != row[0] || made[1] != row[1];
	s->last_time = row[0];
	s->count++;
	for (int i = 1; i <= 2; i++) {
		s->low[i] = fmin(s->low[i], row[i]);
		s->high[i] = fmax(s->high[i], row[i]);
	}
}

static struct seen look(const struct thin *t)
{
	struct seen s = { .low = { INFINITY, INFINITY, INFINITY }, .high = { -INFINITY, -INFINITY, -INFINITY } };
	thin_each(t, see, &s);
	return s;
}

static void keeps_every_peak(void **state)
{
	(void)state;
	for (size_t buckets = 2; buckets <= 512; buckets *= 4) {
		struct seen all = { .low = { INFINITY, INFINITY, INFINITY },
				    .high = { -INFINITY, -INFINITY, -INFINITY } };
		struct thin *t = thin_new(COLUMNS, 2, buckets);
		double row[COLUMNS];
		for (size_t i = 0; i < ROWS; i++) {
			make_row(i, row);
			see(row, &all);
			thin_add(t, row);
		}
		struct seen kept = look(t);
		assert_int_equal(kept.strange, 0);
		assert_in_range(kept.count, buckets / 2, buckets * 4);
		assert_int_equal(thin_rows(t), ROWS);
		for (int i = 1; i <= 2; i++) {
			assert_true(kept.low[i] == all.low[i]);
			assert_true(kept.high[i] == all.high[i]);
			assert_true(thin_peak(t, (size_t)i)[i] == all.high[i]);
		}
		thin_free(t);
	}
}

static void mark(const double *row, void *arg)
{
	bool *kept = arg;
	kept[(size_t)row[3]] = true;
}

/* 4096 rows in 64 buckets: the rows with the least and the greatest of each 64 in a row. */
static void keeps_the_peaks_of_each_stretch(void **state)
{
	static bool kept[4096];
	(void)state;
	struct thin *t = thin_new(COLUMNS, 2, 64);
	double row[COLUMNS];
	for (size_t i = 0; i < 4096; i++) {
		make_row(i, row);
		thin_add(t, row);
	}
	assert_int_equal(thin_rows_together(t), 64);
	thin_each(t, mark, kept);
	for (size_t from = 0; from < 4096; from += 64) {
		double low = INFINITY, high = -INFINITY;
		size_t lowest = 0, highest = 0;
		for (size_t i = from; i < from + 64; i++) {
			make_row(i, row);
			lowest = row[1] < low ? i : lowest;
			low = fmin(low, row[1]);
			highest = row[1] > high ? i : highest;
			high = fmax(high, row[1]);
		}
		assert_true(kept[lowest] && kept[highest]);
	}
	thin_free(t);
}

static void keeps_all_of_a_few(void **state)
{
	(void)state;
	struct thin *t = thin_new(COLUMNS, 2, 100);
	double row[COLUMNS];
	for (size_t i = 0; i < 100; i++) {
		make_row(i, row);
		thin_add(t, row);
	}
	assert_int_equal(look(t).count, 100);
	assert_int_equal(thin_rows_together(t), 1);
	thin_free(t);
}

static void knows_when_nothing_is_known(void **state)
{
	(void)state;
	struct thin *t = thin_new(COLUMNS, 2, 4);
	assert_null(thin_peak(t, 1));
	for (size_t i = 0; i < 50; i++)
		thin_add(t, (double[]){ (double)i, NAN, NAN, 0 });
	assert_null(thin_peak(t, 1));
	thin_add(t, (double[]){ 50, NAN, 5, 0 });
	assert_null(thin_peak(t, 1));
	assert_true(thin_peak(t, 2)[2] == 5);
	thin_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_every_peak),
		cmocka_unit_test(keeps_the_peaks_of_each_stretch),
		cmocka_unit_test(keeps_all_of_a_few),
		cmocka_unit_test(knows_when_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
