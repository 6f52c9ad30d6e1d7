/*
 * timeline - a stored run over time: the figures of its row files, put into as
 * many buckets as a picture has columns.  Each bucket keeps the lowest and the
 * highest value, so that one sample among many is never lost; memory is flat
 * whatever the length of the run.
 *
 * Life cycle: timeline_read(), read .series, timeline_release().  One thread.
 */
#ifndef OOMRIG_RECORD_TIMELINE_H
#define OOMRIG_RECORD_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fact.h"

enum timeline_series {
	TIMELINE_USAGE,		/* bytes, samples.csv */
	TIMELINE_UNRECLAIMABLE, /* bytes: anon + shmem + kernel of one sample */
	TIMELINE_FILE,		/* bytes */
	TIMELINE_LAG,		/* ns that clean-up is behind, app.jsonl */
	TIMELINE_IN_FLIGHT,	/* requests at once, the mean over the bucket, requests.csv */
	TIMELINE_FAILED,	/* requests that failed, counted where they ended */
	TIMELINE_ACKNOWLEDGED,	/* bytes of uploads that ended well there */
	TIMELINE_LATENCY,	/* ns that those took which ended there and did not fail */
	TIMELINE_SERIES
};

struct timeline_bucket {
	enum fact_state state; /* of several the best: known, unreadable, absent */
	double low, high;      /* only when FACT_KNOWN */
};

struct timeline_options {
	const char *folder; /* of the run */
	bool requests_only; /* leaves samples.csv and app.jsonl alone; span_ns must be given */
	size_t columns;
	uint64_t span_ns;	 /* the axis begins at 0, the server's start; 0: it ends with the last sample */
	uint64_t sample_hold_ns; /* a sample stands for the time up to the next one, if that comes within this */
	const char *lag_json;	 /* JSON pointer into the server's figures, in ms; NULL: it gives none */
	uint64_t lag_hold_ns;
};

#define TIMELINE_TEXT_MAX 512

struct timeline {
	size_t columns;
	uint64_t span_ns;
	uint64_t samples, requests; /* rows read */
	struct timeline_bucket *series[TIMELINE_SERIES];
	uint64_t left_out;			/* rows that make no sense */
	char first_left_out[TIMELINE_TEXT_MAX]; /* "FOLDER/samples.csv:17: …" */
};

/*
 * A file that is not there leaves its series absent.  ERROR_SYSTEM: one that is
 * there cannot be read; ERROR_INPUT: it is no file of rows (lines.h).
 */
int timeline_read(struct timeline *t, const struct timeline_options *options, struct error *err);

void timeline_release(struct timeline *t);

/* The bucket of a moment; the last one when it is later than the span (above 0). */
size_t timeline_column(uint64_t t_ns, uint64_t span_ns, size_t columns);

#endif
