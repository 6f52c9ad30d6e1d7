/*
 * oomrig list: everything that can be named.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/home.h"
#include "catalogue/catalogue.h"
#include "cli/cmd.h"
#include "report/json.h"
#include "scenario/scenario.h"

struct list_settings {
	bool keys, figures, markdown, json;
};

static const struct option_row rows[] = {
	{ "keys", 'k', OPTION_FLAG, offsetof(struct list_settings, keys), NULL, NULL, 0, 0, NULL,
	  "every key of a scenario file with its type, default,\nrange and meaning, and nothing else" },
	{ "figures", 0, OPTION_FLAG, offsetof(struct list_settings, figures), NULL, NULL, 0, 0, NULL,
	  "every figure of a record, which expect_figures can name,\nwith its unit and meaning, and nothing else" },
	{ "markdown", 0, OPTION_FLAG, offsetof(struct list_settings, markdown), NULL, NULL, 0, 0, NULL,
	  "the keys as the table of docs/scenarios.md; with --figures\nthose" },
	{ "json", 'j', OPTION_FLAG, offsetof(struct list_settings, json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig list [options]",
	.about = "Names everything that a command line or a scenario file can name: the scenarios\n"
		 "that come with the program, the presets and behaviours of the bundled server,\n"
		 "the ways to cap memory, network speeds and report formats.  A scenario file that\n"
		 "cannot be read is listed with its error.",
	.examples = "  oomrig list                      everything\n"
		    "  oomrig list --keys               what may stand in a scenario file\n"
		    "  oomrig list --figures            what expect_figures can name\n"
		    "  oomrig list --json | jq -r '.scenarios[].path'",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
};

static int list_keys(bool markdown)
{
	if (!markdown) {
		catalogue_print_keys(stdout);
		return STATUS_OK;
	}
	struct buf text = BUF_INIT;
	scenario_describe_keys(&text);
	fputs(buf_str(&text), stdout);
	buf_release(&text);
	return STATUS_OK;
}

static int list_figures(const struct list_settings *settings)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	if (settings->json)
		return report_document(stdout, catalogue_figures(), &err) == 0 ? STATUS_OK : cmd_fail(&err);
	if (!settings->markdown) {
		catalogue_print_figures(stdout);
		return STATUS_OK;
	}
	catalogue_describe_figures(&text);
	fputs(buf_str(&text), stdout);
	buf_release(&text);
	return STATUS_OK;
}

static int list_everything(bool as_json)
{
	struct error err = ERROR_INIT;
	char *program = home_folder(&err);
	json_t *all = program != NULL ? catalogue_read(program, &err) : NULL;
	free(program);
	if (all == NULL)
		return cmd_fail(&err);
	int status = catalogue_is_readable(all) ? STATUS_OK : STATUS_USAGE;
	if (!as_json)
		catalogue_print(stdout, all);
	else if (report_document(stdout, json_incref(all), &err) != 0)
		status = cmd_fail(&err);
	json_decref(all);
	return status;
}

static int main_list(const struct cmd_call *call)
{
	const struct list_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	if (call->words.operand_count > 0) {
		error_set(&err, ERROR_USAGE,
			  "list takes no '%s'; its options are --keys, --figures, --markdown and --json",
			  call->words.operands[0]);
		return cmd_fail(&err);
	}
	if (settings->figures)
		return list_figures(settings);
	return settings->keys || settings->markdown ? list_keys(settings->markdown) : list_everything(settings->json);
}

const struct command command_list = {
	.name = "list",
	.summary = "scenarios, presets, behaviours and what else can be named",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct list_settings),
	.run = main_list,
};
