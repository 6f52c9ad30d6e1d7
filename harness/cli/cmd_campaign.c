#include "cli/cmd_campaign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/setup.h"

int campaign_open(struct campaign_kit *kit, const struct campaign_settings *settings, const char *path,
		  char *const *command, char *const *command_line, struct error *err)
{
	const struct setup setup = { settings->isolation, settings->memory, &settings->set, NULL, command };
	memset(kit, 0, sizeof(*kit));
	if (setup_scenario(&kit->scenario, path, &setup, err) != 0)
		return -1;
	kit->results = cmd_results_folder(settings->results);
	if (interrupt_open(&kit->campaign.interrupt, err) != 0) {
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
		.interrupt = kit->campaign.interrupt,
	};
	return 0;
}

void campaign_close(struct campaign_kit *kit)
{
	interrupt_close(kit->campaign.interrupt);
	run_list_release(&kit->campaign.runs);
	scenario_release(&kit->scenario);
	free(kit->results);
}

static int check_search(const struct search_command *c, const struct search_settings *settings,
			const struct options_result *words, double *precision, struct error *err)
{
	if (words->operand_count != 1)
		return error_set(err, ERROR_USAGE, "one scenario is needed, %zu given", words->operand_count);
	if (units_parse_share(settings->precision, precision, err) != 0)
		return error_prefix(err, "--precision");
	if (*precision < c->precision_min || *precision > c->precision_max)
		return error_set(err, ERROR_USAGE, "--precision: '%s' is not between %.0f%% and %.0f%%",
				 settings->precision, 100 * c->precision_min, 100 * c->precision_max);
	return 0;
}

int search_main(const struct search_command *c, struct search_settings *settings, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct options_result words;
	struct campaign_kit kit;
	double precision;
	int status;
	char **typed = cmd_typed(argc, argv);
	if (!cmd_begin(c->manual, c->rows, argc, argv, settings, &words, &status)) {
		free(typed);
		return status;
	}
	if (check_search(c, settings, &words, &precision, &err) != 0 ||
	    campaign_open(&kit, &settings->campaign, words.operands[0], words.rest, typed, &err) != 0) {
		status = cmd_fail(&err);
	} else {
		status = c->search(&kit, settings, precision, words.rest, &err);
		campaign_close(&kit);
	}
	options_release(c->rows, settings);
	free(typed);
	return status;
}

int campaign_print_json(json_t *document, struct error *err)
{
	errno = 0;
	bool failed = text_json_print(document, JSON_INDENT(2), stdout) != 0;
	int saved = errno;
	json_decref(document);
	return failed ? error_set_errno(err, ERROR_SYSTEM, saved, "cannot write the result") : 0;
}
