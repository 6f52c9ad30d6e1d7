#include "html/thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* A row for each extreme, and one that is free for the next. */
#define SLOTS (2 * THIN_TRACKED_MAX + 1)

struct bucket {
	unsigned char slot[2 * THIN_TRACKED_MAX]; /* of the least, then of the greatest of each column */
	double rows[SLOTS][THIN_COLUMNS_MAX];
};

struct thin {
	size_t columns, tracked, buckets_max, count;
	uint64_t rows, together, in_last;
	struct bucket *buckets;
};

struct thin *thin_new(size_t columns, size_t tracked, size_t buckets)
{
	struct thin *t = xcalloc(1, sizeof(*t));
	*t = (struct thin){
		.columns = columns, .tracked = tracked, .buckets_max = buckets & ~(size_t)1, .together = 1
	};
	t->buckets = xcalloc(t->buckets_max, sizeof(*t->buckets));
	return t;
}

void thin_free(struct thin *t)
{
	if (t != NULL)
		free(t->buckets);
	free(t);
}

static size_t free_slot(const struct thin *t, const struct bucket *b)
{
	unsigned used = 0;
	size_t slot = 0;
	for (size_t i = 0; i < 2 * t->tracked; i++)
		used |= 1U << b->slot[i];
	while (used & (1U << slot))
		slot++;
	return slot;
}

/* Which of the extremes would this row be?  A bit for each. */
static unsigned better_than(const struct thin *t, const struct bucket *b, const double *row)
{
	unsigned better = 0;
	for (size_t i = 0; i < t->tracked; i++) {
		double value = row[i + 1], low = b->rows[b->slot[2 * i]][i + 1],
		       high = b->rows[b->slot[2 * i + 1]][i + 1];
		if (isnan(value))
			continue;
		better |= (isnan(low) || value < low) ? 1U << (2 * i) : 0;
		better |= (isnan(high) || value > high) ? 1U << (2 * i + 1) : 0;
	}
	return better;
}

static void bucket_add(const struct thin *t, struct bucket *b, const double *row)
{
	unsigned better = better_than(t, b, row);
	if (better == 0)
		return;
	size_t slot = free_slot(t, b);
	memcpy(b->rows[slot], row, t->columns * sizeof(*row));
	for (size_t i = 0; i < 2 * t->tracked; i++)
		if (better & (1U << i))
			b->slot[i] = (unsigned char)slot;
}

static void bucket_begin(const struct thin *t, struct bucket *b, const double *row)
{
	memset(b->slot, 0, sizeof(b->slot));
	memcpy(b->rows[0], row, t->columns * sizeof(*row));
}

/* The rows that a bucket keeps, by time; at most one for each extreme. */
static size_t kept(const struct thin *t, const struct bucket *b, const double *out[])
{
	size_t count = 0;
	for (size_t i = 0; i < 2 * t->tracked; i++) {
		const double *row = b->rows[b->slot[i]];
		size_t at = count;
		while (at > 0 && out[at - 1][0] > row[0])
			at--;
		if (at > 0 && out[at - 1] == row)
			continue;
		memmove(&out[at + 1], &out[at], (count - at) * sizeof(out[0]));
		out[at] = row;
		count++;
	}
	return count;
}

/* Neighbours become one; the rows that both keep are all that the new one needs to see. */
static void halve(struct thin *t)
{
	const double *rows[2 * THIN_TRACKED_MAX];
	for (size_t i = 0; i < t->count / 2; i++) {
		struct bucket both = t->buckets[2 * i];
		size_t n = kept(t, &t->buckets[2 * i + 1], rows);
		for (size_t k = 0; k < n; k++)
			bucket_add(t, &both, rows[k]);
		t->buckets[i] = both;
	}
	t->count /= 2;
	t->together *= 2;
	t->in_last = t->together;
}

void thin_add(struct thin *t, const double *row)
{
	t->rows++;
	if (t->count > 0 && t->in_last < t->together) {
		t->in_last++;
		bucket_add(t, &t->buckets[t->count - 1], row);
		return;
	}
	if (t->count == t->buckets_max)
		halve(t);
	bucket_begin(t, &t->buckets[t->count++], row);
	t->in_last = 1;
}

uint64_t thin_rows(const struct thin *t)
{
	return t->rows;
}

uint64_t thin_rows_together(const struct thin *t)
{
	return t->together;
}

void thin_each(const struct thin *t, void (*row)(const double *row, void *arg), void *arg)
{
	const double *rows[2 * THIN_TRACKED_MAX];
	for (size_t i = 0; i < t->count; i++) {
		size_t n = kept(t, &t->buckets[i], rows);
		for (size_t k = 0; k < n; k++)
			row(rows[k], arg);
	}
}

const double *thin_peak(const struct thin *t, size_t column)
{
	const double *peak = NULL;
	for (size_t i = 0; i < t->count; i++) {
		const struct bucket *b = &t->buckets[i];
		const double *row = b->rows[b->slot[2 * (column - 1) + 1]];
		if (!isnan(row[column]) && (peak == NULL || row[column] > peak[column]))
			peak = row;
	}
	return peak;
}
