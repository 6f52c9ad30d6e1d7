/*
 * progress - the live view of a run on standard error: a bar per load group and
 * one memory bar against the cap, split into unreclaimable and page cache; plain
 * lines, one per phase and every few seconds, when standard error is no terminal.
 *
 * Life cycle: progress_new(), progress_phase() at each change of phase,
 * progress_update() ten times a second, progress_free() clears the display.
 * Loop thread only; registers itself with log.h so that messages do not tear it.
 */
#ifndef OOMRIG_REPORT_PROGRESS_H
#define OOMRIG_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fact.h"

struct progress_bar {
	const char *name;
	uint64_t done_bytes, expected_bytes; /* expected 0: unknown */
	uint64_t done, expected, in_flight, failed;
	bool finished;
};

struct progress_memory {
	struct fact cap_bytes, usage_bytes, unreclaimable_bytes, file_bytes;
};

struct progress_options {
	FILE *out;	   /* stderr */
	bool quiet;	   /* nothing at all */
	const char *title; /* "three-uploads-before-any-fix  run 2/10  256 MiB"; borrowed */
};

struct progress;
struct progress *progress_new(const struct progress_options *options);
void progress_phase(struct progress *p, const char *phase, uint64_t elapsed_ns);
void progress_update(struct progress *p, uint64_t elapsed_ns, const struct progress_bar *bars, size_t count,
		     const struct progress_memory *memory);
void progress_free(struct progress *p);

#endif
