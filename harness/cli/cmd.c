#include "cli/cmd.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

/* What a status says where the command has no words of its own. */
static const char *const meanings[STATUS_INCONCLUSIVE + 1] = {
	[STATUS_OK] = "done",
	[STATUS_VERDICT] = "a verdict or a regression gate failed",
	[STATUS_USAGE] = "wrong usage, or a scenario or record that cannot be read",
	[STATUS_RIG] = "the rig or its environment failed; oomrig doctor says more",
	[STATUS_SKIPPED] = "skipped, with the reason",
	[STATUS_INCONCLUSIVE] = "inconclusive",
};

const char *cmd_meaning(const struct manual *m, enum exit_status status)
{
	if (status == STATUS_INTERRUPTED)
		return "interrupted";
	return m->meanings[status] != NULL ? m->meanings[status] : meanings[status];
}

static void print_manual(const struct manual *m, const struct option_row *rows)
{
	printf("Usage: %s\n\n%s\n\nOptions:\n", m->usage, m->about);
	options_print_help(rows, stdout);
	printf("\nExamples:\n%s\n\nExit status:\n", m->examples);
	for (const enum exit_status *s = m->statuses; *s != STATUS_END; s++)
		printf("  %3d  %s\n", (int)*s, cmd_meaning(m, *s));
}

static int run_parsed(const struct command *c, const struct cmd_call *call)
{
	if (!call->words.help)
		return c->run(call);
	print_manual(c->manual, c->rows);
	return STATUS_OK;
}

int cmd_main(const struct command *c, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	void *settings = xcalloc(1, c->settings_bytes + 1);
	char **typed = xcalloc((size_t)argc + 1, sizeof(*typed));
	struct cmd_call call = { .settings = settings, .typed = typed };
	int status;
	memcpy(typed, argv, (size_t)argc * sizeof(*typed));
	if (options_defaults(c->rows, settings, &err) == 0 &&
	    options_parse(c->rows, argc, argv, settings, &call.words, &err) == 0) {
		status = run_parsed(c, &call);
	} else {
		status = cmd_fail(&err);
		if (status == STATUS_USAGE)
			fprintf(stderr, "Usage: %s\n", c->manual->usage);
	}
	if (c->end != NULL && !call.words.help)
		status = c->end(&call, status);
	options_release(c->rows, settings);
	free(typed);
	free(settings);
	return status;
}

int cmd_fail(const struct error *err)
{
	static const enum exit_status statuses[] = {
		[ERROR_NONE] = STATUS_RIG,
		[ERROR_USAGE] = STATUS_USAGE,
		[ERROR_INPUT] = STATUS_USAGE,
		[ERROR_ENVIRONMENT] = STATUS_RIG,
		[ERROR_SYSTEM] = STATUS_RIG,
		[ERROR_TARGET] = STATUS_RIG, /* no verdict came of it */
		[ERROR_INTERRUPTED] = STATUS_INTERRUPTED,
		[ERROR_BUG] = STATUS_RIG,
	};
	log_error("%s", err->message);
	return statuses[err->code];
}

enum exit_status cmd_damaged(const struct run_list *runs)
{
	return runs->damaged_count > 0 ? STATUS_USAGE : STATUS_OK;
}

int cmd_check_words(int argc, char **argv, struct error *err)
{
	for (int i = 1; i < argc; i++) {
		json_t *text = json_string(argv[i]);
		json_decref(text);
		if (text != NULL)
			continue;
		struct buf shown = BUF_INIT;
		for (const unsigned char *p = (const unsigned char *)argv[i]; *p != '\0'; p++)
			buf_addf(&shown, *p >= ' ' && *p < 0x7f ? "%c" : "\\x%02x", *p);
		error_set(err, ERROR_USAGE, "word %d of the command line is not UTF-8: '%s'", i, buf_str(&shown));
		buf_release(&shown);
		return -1;
	}
	return 0;
}

char *cmd_results_folder(const char *option)
{
	const char *named = option != NULL ? option : getenv("OOMRIG_RESULTS");
	char cwd[PATH_MAX];
	if (named == NULL || named[0] == '\0')
		named = "results";
	/* The server gets paths below it, and starts in a folder of its own. */
	return named[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL ? xstrdup(named) : xasprintf("%s/%s", cwd, named);
}

char *cmd_work_folder(const char *option, const char *results)
{
	return option != NULL ? xstrdup(option) : xasprintf("%s/.work", results);
}
