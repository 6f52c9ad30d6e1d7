/*
 * oomrig completion: what a shell needs to complete its command line, and the
 * manual pages, from the same rows as --help.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cmd.h"
#include "cli/complete.h"
#include "cli/manpage.h"

static const struct option_row rows[] = { { 0 } };

static const struct manual manual = {
	.usage = "oomrig completion bash|zsh|fish\n       oomrig completion man [COMMAND]",
	.about = "Prints a completion script for a shell, or a manual page, made from the same\n"
		 "table as --help.  make install puts them where shells and man look for them.",
	.examples = "  source <(oomrig completion bash)\n"
		    "  oomrig completion zsh > ~/.zfunc/_oomrig\n"
		    "  oomrig completion fish > ~/.config/fish/completions/oomrig.fish\n"
		    "  oomrig completion man run | man -l -",
	.statuses = { STATUS_OK, STATUS_USAGE, STATUS_END },
};

static const struct command *find_command(const char *name)
{
	for (const struct command *const *c = commands; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int add_manual(const char *name, struct buf *out, struct error *err)
{
	const struct command *command = name != NULL ? find_command(name) : NULL;
	if (name != NULL && command == NULL)
		return error_set(err, ERROR_USAGE, "unknown command '%s'; oomrig --help lists them", name);
	manpage(command, out);
	return 0;
}

static int add_script(const char *shell, struct buf *out, struct error *err)
{
	for (const struct complete_shell *s = complete_shells; s->name != NULL; s++)
		if (strcmp(s->name, shell) == 0) {
			s->write(out);
			return 0;
		}
	return error_set(err, ERROR_USAGE, "unknown shell '%s' (known: bash, zsh, fish; and man)", shell);
}

static int main_completion(const struct cmd_call *call)
{
	const struct options_result *words = &call->words;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	int rc;
	bool man = words->operand_count > 0 && strcmp(words->operands[0], "man") == 0;
	if (words->operand_count == 0 || words->operand_count > (man ? 2 : 1))
		rc = error_set(&err, ERROR_USAGE, "one of bash, zsh, fish or man is needed");
	else
		rc = man ? add_manual(words->operands[1], &out, &err) : add_script(words->operands[0], &out, &err);
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	return rc != 0 ? cmd_fail(&err) : STATUS_OK;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "completion for a shell, or a manual page",
	.manual = &manual,
	.rows = rows,
	.run = main_completion,
};
