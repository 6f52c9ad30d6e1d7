#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "doctor/doctor.h"
#include "report/page.h"

#define FOUND_COLUMN 21

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

static enum ink ink_of(const char *level)
{
	static const enum ink inks[] = { [LEVEL_OK] = INK_GOOD, [LEVEL_WARN] = INK_WARN, [LEVEL_FAIL] = INK_BAD };
	for (size_t i = 0; i < sizeof(inks) / sizeof(inks[0]); i++)
		if (strcmp(doctor_level_names[i], level) == 0)
			return inks[i];
	return INK_PLAIN;
}

static void print_text(const struct doctor *d)
{
	struct page p;
	size_t i;
	json_t *check;
	page_init(&p, stdout);
	json_array_foreach (d->findings, i, check) {
		const char *level = json_string_value(json_object_get(check, "level"));
		const char *advice = json_string_value(json_object_get(check, "advice"));
		page_ink(&p, ink_of(level), "%-5s", level);
		buf_addf(&p.text, "%-15s ", json_string_value(json_object_get(check, "name")));
		page_wrap_from(&p, INK_PLAIN, FOUND_COLUMN, json_string_value(json_object_get(check, "found")));
		if (advice != NULL) {
			char *arrow = xasprintf("%*s%s ", FOUND_COLUMN, "", page_glyph(&p, GLYPH_ARROW));
			page_wrap(&p, INK_STRONG, arrow, advice);
			free(arrow);
		}
	}
	buf_addc(&p.text, '\n');
	if (d->worst == LEVEL_FAIL)
		page_ink(&p, INK_BAD, "Runs cannot be done here until the lines marked FAIL are put right.\n");
	else
		page_ink(&p, INK_GOOD, "Runs can be done here%s.\n",
			 d->worst == LEVEL_WARN ? ", with what the lines marked warn say" : "");
	page_write(&p, stdout);
	page_release(&p);
}

static void print_json(const struct doctor *d)
{
	json_t *root = json_pack("{s:i, s:b, s:O}", "schema", 1, "ok", d->worst != LEVEL_FAIL, "checks", d->findings);
	text_json_print(root, JSON_INDENT(2), stdout);
	json_decref(root);
}

static int main_doctor(int argc, char **argv)
{
	struct doctor_settings settings = { 0 };
	struct options_result words;
	struct error err = ERROR_INIT;
	int status;
	if (!cmd_begin(&manual, rows, argc, argv, &settings, &words, &status))
		return status;
	if (words.operand_count > 0) {
		error_set(&err, ERROR_USAGE, "doctor takes no '%s'", words.operands[0]);
		return cmd_fail(&err);
	}
	char *program = home_folder(&err);
	if (program == NULL)
		return cmd_fail(&err);
	char *results = cmd_results_folder(settings.results), *work = cmd_work_folder(settings.work, results);
	struct doctor d = { .program = program, .work = work, .shown_path = cmd_shown_path };
	doctor_look(&d);
	if (settings.json)
		print_json(&d);
	else
		print_text(&d);
	status = d.worst == LEVEL_FAIL ? STATUS_RIG : STATUS_OK;
	doctor_release(&d);
	free(work);
	free(program);
	free(results);
	return status;
}

const struct command command_doctor = { "doctor", "can this host do it, and if not, what to type", &manual, rows,
					main_doctor };
