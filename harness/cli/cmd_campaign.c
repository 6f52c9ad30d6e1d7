#include "cli/cmd_campaign.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "campaign/setup.h"
#include "report/report.h"

static void print_line(const struct run_summary *run, const char *note)
{
	report_line(stdout, run, note);
	fflush(stdout);
}

int campaign_open(struct campaign_kit *kit, const struct campaign_settings *settings, char *const *typed,
		  struct error *err)
{
	struct interrupt *interrupt;
	if (interrupt_open(&interrupt, err) != 0)
		return -1;
	memset(kit, 0, sizeof(*kit));
	kit->results = cmd_results_folder(settings->results);
	kit->campaign = (struct campaign){
		.executor = executors[0],
		.options = { .results = kit->results,
			     .work = settings->work,
			     .label = settings->label,
			     .note = settings->note,
			     .command_line = (const char *const *)typed,
			     .quiet = settings->quiet },
		.made = settings->json ? NULL : print_line,
		.interrupt = interrupt,
	};
	return 0;
}

int campaign_open_scenario(struct campaign_kit *kit, const struct campaign_settings *settings, const char *path,
			   char *const *command, char *const *typed, struct error *err)
{
	const struct setup setup = { settings->memory, &settings->set, NULL, command };
	struct scenario scenario;
	if (setup_scenario(&scenario, path, &setup, err) != 0)
		return -1;
	if (campaign_open(kit, settings, typed, err) != 0) {
		scenario_release(&scenario);
		return -1;
	}
	kit->scenario = scenario;
	return 0;
}

void campaign_close(struct campaign_kit *kit)
{
	interrupt_close(kit->campaign.interrupt);
	run_list_release(&kit->campaign.runs);
	scenario_release(&kit->scenario);
	free(kit->results);
}

static int check_search(const struct search_command *c, const struct cmd_call *call, double *precision,
			struct error *err)
{
	const struct search_settings *settings = call->settings;
	if (call->words.operand_count != 1)
		return error_set(err, ERROR_USAGE, "one scenario is needed, %zu given", call->words.operand_count);
	if (units_parse_share(settings->precision, precision, err) != 0)
		return error_prefix(err, "--precision");
	if (*precision < c->precision_min || *precision > c->precision_max)
		return error_set(err, ERROR_USAGE, "--precision: '%s' is not between %.0f%% and %.0f%%",
				 settings->precision, 100 * c->precision_min, 100 * c->precision_max);
	return 0;
}

int search_main(const struct search_command *c, const struct cmd_call *call)
{
	const struct search_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	struct campaign_kit kit;
	double precision;
	if (check_search(c, call, &precision, &err) != 0 ||
	    campaign_open_scenario(&kit, &settings->campaign, call->words.operands[0], call->words.rest, call->typed,
				   &err) != 0)
		return cmd_fail(&err);
	int status = c->search(&kit, call, precision, &err);
	campaign_close(&kit);
	return status;
}
