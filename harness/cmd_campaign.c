#include "cmd_campaign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "run/requirements.h"

static int configure(struct scenario *s, const struct campaign_settings *settings, char *const *command,
		     struct error *err)
{
	char *memory = settings->memory != NULL ? xasprintf("memory=%s", settings->memory) : NULL;
	int rc = memory != NULL ? scenario_set(s, memory, err) : 0;
	free(memory);
	for (size_t i = 0; rc == 0 && i < settings->set.count; i++)
		rc = scenario_set(s, settings->set.items[i], err);
	if (rc == 0 && command != NULL)
		scenario_set_command(s, command);
	if (rc == 0)
		rc = scenario_check(s, err);
	return rc == 0 ? requirements_check(s, err) : rc;
}

int campaign_open(struct campaign_kit *kit, const struct campaign_settings *settings, const char *path,
		  char *const *command, char *const *command_line, struct error *err)
{
	memset(kit, 0, sizeof(*kit));
	if (scenario_load(&kit->scenario, path, err) != 0)
		return -1;
	kit->results = cmd_results_folder(settings->results, err);
	if (kit->results == NULL || configure(&kit->scenario, settings, command, err) != 0) {
		campaign_close(kit);
		return -1;
	}
	kit->campaign = (struct campaign){
		.executor = executors[0],
		.options = { .results = kit->results,
			     .work = settings->work,
			     .label = settings->label,
			     .note = settings->note,
			     .command_line = (const char *const *)command_line,
			     .quiet = settings->quiet },
		.out = settings->json ? NULL : stdout,
	};
	return 0;
}

void campaign_close(struct campaign_kit *kit)
{
	run_list_release(&kit->campaign.runs);
	scenario_release(&kit->scenario);
	free(kit->results);
}

int campaign_print_json(json_t *document, struct error *err)
{
	errno = 0;
	bool failed = json_dumpf(document, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF || fflush(stdout) != 0;
	int saved = errno;
	json_decref(document);
	return failed ? error_set_errno(err, ERROR_SYSTEM, saved, "cannot write the result") : 0;
}
