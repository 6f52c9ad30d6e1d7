/*
 * run_data - the figures over time of one stored run, thinned out for its page
 * (thin.h) and written there as one JSON document: "tables" of samples, of the
 * server's own figures, of requests and of the second before death; "phases",
 * "marks", "limit" and "span".  Times are seconds since the server's start, sizes
 * KiB, latencies milliseconds.
 *
 * Reading streams: memory is flat whatever the length of the run.
 *
 * Life cycle: run_data_read() into zeroed memory; run_data_write() and the rest;
 * run_data_release(), also when reading failed.  One thread.
 */
#ifndef OOMRIG_HTML_RUN_DATA_H
#define OOMRIG_HTML_RUN_DATA_H

#include <stdio.h>

#include "base/error.h"
#include "html/thin.h"
#include "record/summary.h"
#include "record/timeline.h"

/* Of a row of samples.csv, in this order; DATA_TRACKED and all before it keep their peaks. */
enum data_column {
	DATA_TIME,
	DATA_USAGE,
	DATA_UNRECLAIMABLE,
	DATA_FILE,
	DATA_ANON,
	DATA_SHMEM,
	DATA_KERNEL,
	DATA_PRIVATE, /* RssAnon + RssShmem of its processes */
	DATA_RESIDENT,
	DATA_TRACKED = DATA_RESIDENT,
	DATA_UNWRITTEN, /* dirty + writeback */
	DATA_HOST,	/* what the host holds for the server's machine */
	DATA_COLUMNS
};

struct run_data {
	const struct run_summary *run; /* borrowed */
	struct thin *samples, *app, *last;
	struct timeline requests;
	uint64_t last_from_ns, last_to_ns; /* the second before death; to 0: none */
	uint64_t span_ns;
	uint64_t left_out, unreadable; /* rows of samples that make no sense; with a figure that could not be read */
};

/* -1: a file cannot be read (further); what came before it is there all the same. */
int run_data_read(struct run_data *d, const struct run_summary *run, struct error *err);
void run_data_release(struct run_data *d);
void run_data_write(const struct run_data *d, FILE *out);

/* Has the server's own figure, as it was last told before that moment; NAN: none. */
double run_data_app_at(const struct run_data *d, double t_s);

/* Memory alone, thinned out to so many buckets, as rows of a JSON array: for many runs in one picture.
 * Why the samples cannot be read (further) is added to gaps. */
void run_data_outline(FILE *out, const struct run_summary *run, size_t buckets, struct buf *gaps);

#endif
