/*
 * gc - disk space back from stored runs: the bulky files of the oldest runs go
 * first (samples, requests, the server's figures and its log), until all runs
 * together take no more than is to be kept.  run.json and kernel.log always
 * stay: verdict, facts, evidence, and with them all that `judge`, `compare` and
 * a history of runs read.
 *
 * Only regular files that the rig itself names, in real folders directly below
 * the results, are taken: no link is followed, and a file that has another name
 * stays, since taking it would free nothing.  A run that is under way, or whose
 * record cannot be read, is left alone.  The record says that its samples were
 * taken before they are, so that nothing is ever missing without a word.
 *
 * gc_run() does it all; main thread.
 */
#ifndef OOMRIG_RECORD_GC_H
#define OOMRIG_RECORD_GC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define GC_TAKEN_KEY "samples_taken" /* of the record, and of what --json prints of a run */

struct gc {
	const char *results;
	uint64_t keep_bytes; /* on disk, of all runs together; 0: takes what can be taken of every run that has ended */
	bool dry_run;
	const char *const *keep_labels; /* runs with these are not touched */
	size_t keep_label_count;
	void (*took)(void *arg, const char *id, uint64_t freed_bytes); /* or would take */
	void (*failed)(void *arg, const struct error *err);	       /* of one run; it goes on with the others */
	bool (*stop)(void *arg);				       /* asked before each run */
	void *arg;
};

struct gc_result {
	uint64_t before_bytes, freed_bytes; /* on disk (st_blocks) */
	size_t runs, taken;
};

/* -1: the results folder itself cannot be read.  A missing one holds nothing. */
int gc_run(const struct gc *g, struct gc_result *out, struct error *err);

/* What the record says of that: {"at": RFC 3339, "bytes"}, borrowed; NULL: nothing was taken of that run. */
const json_t *gc_taken(const json_t *record);
/* "samples, requests and log taken by oomrig gc on 2026-12-01", heap; NULL as above. */
char *gc_taken_words(const json_t *record);

#endif
