/*
 * samples - samples.csv: a row for each sample, times in ns since the run's
 * origin.  Written by sample_csv_header() and _row(), read by the rest.
 *
 * Life cycle of a reader: samples_open(); samples_next() while it gives 1;
 * samples_close(), also when opening failed.  One thread.
 */
#ifndef OOMRIG_RECORD_SAMPLES_H
#define OOMRIG_RECORD_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "observe/sampler.h"
#include "record/csv.h"

#define SAMPLES_FILE "samples.csv"

/*
 * One line (no newline); t relative to origin_ns.  An absent figure is an empty
 * cell, an unreadable one says so.
 */
void sample_csv_header(struct buf *out);
void sample_csv_row(const struct sample *s, uint64_t origin_ns, struct buf *out);

#define SAMPLES_FIELDS 8
#define SAMPLES_PROCESS_FIELDS 3

struct samples {
	struct csv csv;
	int time_column, columns[SAMPLES_FIELDS], process_columns[SAMPLES_PROCESS_FIELDS];
	bool bad; /* this row makes no sense; those below do not count */
	uint64_t t_ns;
	struct memory_sample memory; /* usage, anon, file, shmem, kernel, dirty, writeback and host alone */
	struct fact rss_anon_bytes, rss_file_bytes, rss_shmem_bytes; /* of all its processes */
};

/* As csv_open(), csv_next(). */
int samples_open(struct samples *s, const char *folder, struct error *err);
int samples_next(struct samples *s, struct error *err);
void samples_close(struct samples *s);

/* The latest time in the file; absent: there is none.  0, or -1 as samples_next(). */
int samples_last_ns(const char *folder, struct fact *t_ns, struct error *err);

#endif
