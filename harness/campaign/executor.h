/*
 * executor - where the runs of a campaign are made.  An executor is one file and
 * one row of executors[].
 */
#ifndef OOMRIG_CAMPAIGN_EXECUTOR_H
#define OOMRIG_CAMPAIGN_EXECUTOR_H

#include "run/run.h"
#include "record/run_list.h"

struct executor {
	const char *name, *summary;
	/* One run, added to the list; -1: no record could be written.  Returns when the run has ended. */
	int (*run)(const struct scenario *s, const struct run_options *options, struct run_list *list,
		   struct error *err);
};

extern const struct executor executor_local;
extern const struct executor *const executors[]; /* NULL-terminated, the default first */

#endif
