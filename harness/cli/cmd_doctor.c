/*
 * oomrig doctor: can this host do runs?
 */
#include <stdlib.h>

#include "base/home.h"
#include "cli/cmd.h"
#include "doctor/doctor.h"
#include "report/json.h"

struct doctor_settings {
	const char *results, *work;
	bool json;
};

static const struct option_row rows[] = {
	{ "results", 'r', OPTION_PATH, offsetof(struct doctor_settings, results), "DIR", NULL, 0, 0, NULL,
	  "where runs would be stored; without it\n$OOMRIG_RESULTS, or ./results" },
	{ "work", 'w', OPTION_PATH, offsetof(struct doctor_settings, work), "DIR", NULL, 0, 0, NULL,
	  "where the server's data would lie; without it\n.work in the results" },
	{ "json", 'j', OPTION_FLAG, offsetof(struct doctor_settings, json), NULL, NULL, 0, 0, NULL, "for programs" },
	{ 0 },
};

static const struct manual manual = {
	.usage = "oomrig doctor [options]",
	.about = "Looks whether this host can do runs, and says for each thing that is missing\n"
		 "what to type.  It does not only look: it makes a group with a cap of 32 MiB,\n"
		 "reads the cap back and removes the group.  Where systemd manages cgroup v2 it is\n"
		 "asked for a scope first, unless OOMRIG_SYSTEMD_SCOPE=never, as for a run.",
	.examples = "  oomrig doctor\n"
		    "  oomrig doctor --work /srv/scratch     would that disk do?\n"
		    "  oomrig doctor --json | jq .ok",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_RIG, STATUS_END },
	.meanings = { [STATUS_OK] = "runs can be done here", [STATUS_RIG] = "they cannot" },
};

static int main_doctor(const struct cmd_call *call)
{
	const struct doctor_settings *settings = call->settings;
	struct error err = ERROR_INIT;
	if (call->words.operand_count > 0) {
		error_set(&err, ERROR_USAGE, "doctor takes no '%s'", call->words.operands[0]);
		return cmd_fail(&err);
	}
	char *program = home_folder(&err);
	if (program == NULL)
		return cmd_fail(&err);
	char *results = cmd_results_folder(settings->results), *work = cmd_work_folder(settings->work, results);
	struct doctor d = { .program = program, .work = work };
	doctor_look(&d);
	int status = d.worst == LEVEL_FAIL ? STATUS_RIG : STATUS_OK;
	if (!settings->json)
		doctor_print(stdout, &d);
	else if (report_document(stdout, doctor_json(&d), &err) != 0)
		status = cmd_fail(&err);
	doctor_release(&d);
	free(work);
	free(program);
	free(results);
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "can this host do it, and if not, what to type",
	.manual = &manual,
	.rows = rows,
	.settings_bytes = sizeof(struct doctor_settings),
	.run = main_doctor,
};
