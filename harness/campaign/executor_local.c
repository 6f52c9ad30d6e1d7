/* The executor for this machine: one run after the other, for two at once would disturb each other. */
#include <stdlib.h>

#include "campaign/executor.h"

static int run_here(const struct scenario *s, const struct run_options *options, struct run_list *list,
		    struct error *err)
{
	json_t *record;
	char *folder;
	if (run_scenario(s, options, &record, &folder, err) != 0)
		return -1;
	free(folder); /* the record holds it too */
	return run_list_add(list, record, err);
}

const struct executor executor_local = {
	.name = "local",
	.summary = "on this machine, one run after the other",
	.run = run_here,
};

const struct executor *const executors[] = { &executor_local, NULL };
