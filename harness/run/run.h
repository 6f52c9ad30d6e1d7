/*
 * run - one run from an empty folder to a verdict; the only module that knows
 * all the others.  What happens in between is in phases.h, the parts in parts.h.
 *
 * run_scenario() runs its own libuv loop and returns when server, group and
 * temporary folders are gone and the record is complete.  0: judged (whatever
 * the verdict); -1: no record could be written at all.  Main thread.
 */
#ifndef OOMRIG_RUN_RUN_H
#define OOMRIG_RUN_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "scenario/scenario.h"

struct run_options {
	const char *results; /* results folder */
	const char *work;    /* where the server's data and temporary folders are made; NULL: <results>/.work */
	const char *label;   /* recorded, NULL: none */
	const char *note;    /* free text, recorded, NULL: none */
	const char *title;   /* for the progress display */
	const char *const *command_line; /* ours, NULL-terminated, recorded */
	bool quiet;			 /* no progress */
	bool keep_data;			 /* leave the server's data folder for a look */
};

/* *record: the finished run.json, owned by the caller; *folder: heap path. */
int run_scenario(const struct scenario *s, const struct run_options *options, json_t **record, char **folder,
		 struct error *err);

#endif
