/*
 * thin - a stream of rows thinned out to what a picture needs, in flat memory,
 * so that no peak is lost.  Rows are put together in buckets of one row each;
 * when there are too many buckets, each two neighbours become one.  Of a bucket
 * the rows are kept that hold the least and the greatest value of each tracked
 * column, as they were read: so every peak is there with its own time and its own
 * neighbours, and the peak of all rows is among them.  As long as there are no
 * more rows than buckets, all are kept.
 *
 * Life cycle: thin_new(); thin_add() for each row, by time; thin_each() over what is
 * left; thin_free().  One thread.
 */
#ifndef OOMRIG_HTML_THIN_H
#define OOMRIG_HTML_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THIN_COLUMNS_MAX 20
#define THIN_TRACKED_MAX 8

struct thin;

/* The tracked columns are the first ones behind column 0, which is the time. */
struct thin *thin_new(size_t columns, size_t tracked, size_t buckets);
void thin_free(struct thin *t);

/* NAN: not known. */
void thin_add(struct thin *t, const double *row);

uint64_t thin_rows(const struct thin *t);	   /* that were added */
uint64_t thin_rows_together(const struct thin *t); /* most in a bucket; 1: nothing was left out */

/* Calls for each row that is kept, by time. */
void thin_each(const struct thin *t, void (*row)(const double *row, void *arg), void *arg);

/* The row with the greatest value of a tracked column; NULL: it was never known. */
const double *thin_peak(const struct thin *t, size_t column);

#endif
