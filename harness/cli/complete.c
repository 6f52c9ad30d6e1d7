#include "cli/complete.h"

#include <stdbool.h>
#include <string.h>

#include "cli/cmd.h"

static bool is_option(const struct option_row *row)
{
	return row->type != OPTION_HEADING;
}

/* The first line of a help text, without what a shell would read as its own. */
static void add_summary(struct buf *out, const char *help)
{
	for (const char *p = help; *p != '\0' && *p != '\n'; p++)
		if (strchr("'\"`$\\[]:;", *p) == NULL)
			buf_addc(out, *p);
}

static void add_choices(struct buf *out, const struct option_row *row)
{
	for (const char *const *c = row->choices; c != NULL && *c != NULL; c++)
		buf_addf(out, "%s%s", c == row->choices ? "" : " ", *c);
}

static void add_names(struct buf *out)
{
	for (const struct command *const *c = commands; *c != NULL; c++)
		buf_addf(out, "%s%s", c == commands ? "" : " ", (*c)->name);
}

/* ---- bash --------------------------------------------------------------- */

static void add_bash_choices(struct buf *out, const struct command *command)
{
	for (const struct option_row *row = command->rows; row->name != NULL; row++) {
		if (!is_option(row) || row->choices == NULL)
			continue;
		buf_addf(out, "\t%s:--%s) words='", command->name, row->name);
		add_choices(out, row);
		buf_adds(out, "' ;;\n");
	}
}

static void add_bash_options(struct buf *out, const struct command *command)
{
	buf_addf(out, "\t%s) options='--help", command->name);
	for (const struct option_row *row = command->rows; row->name != NULL; row++)
		if (is_option(row))
			buf_addf(out, " --%s", row->name);
	buf_adds(out, "' ;;\n");
}

static void write_bash(struct buf *out)
{
	buf_adds(out, "# bash completion of oomrig; made by `oomrig completion bash`\n"
		      "_oomrig() {\n"
		      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
		      "\tlocal options= words=\n"
		      "\tif [ \"$COMP_CWORD\" -eq 1 ] || [ \"${COMP_WORDS[1]}:$COMP_CWORD\" = help:2 ]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W 'help --help --version ");
	add_names(out);
	buf_adds(out, "' -- \"$word\")\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]}:$before in\n");
	for (const struct command *const *c = commands; *c != NULL; c++)
		add_bash_choices(out, *c);
	buf_adds(out, "\tesac\n\tcase ${COMP_WORDS[1]} in\n");
	for (const struct command *const *c = commands; *c != NULL; c++)
		add_bash_options(out, *c);
	buf_adds(out, "\tesac\n"
		      "\tcase $word in\n"
		      "\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") ;;\n"
		      "\t*) [ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
		      "\tesac\n"
		      "}\n"
		      "complete -o default -F _oomrig oomrig\n");
}

/* ---- zsh ---------------------------------------------------------------- */

static void add_zsh_option(struct buf *out, const struct option_row *row)
{
	buf_addf(out, " \\\n\t\t\t'%s--%s%s[", row->type == OPTION_LIST ? "*" : "", row->name,
		 row->type == OPTION_FLAG ? "" : "=");
	add_summary(out, row->help);
	buf_addc(out, ']');
	if (row->type != OPTION_FLAG) {
		buf_addf(out, ":%s:", row->argument);
		buf_adds(out, row->choices != NULL ? "(" : "_files");
		add_choices(out, row);
		buf_adds(out, row->choices != NULL ? ")" : "");
	}
	buf_addc(out, '\'');
}

static void write_zsh(struct buf *out)
{
	buf_adds(out, "#compdef oomrig\n# made by `oomrig completion zsh`\n"
		      "_oomrig() {\n\tlocal -a commands=(\n");
	for (const struct command *const *c = commands; *c != NULL; c++) {
		buf_addf(out, "\t\t'%s:", (*c)->name);
		add_summary(out, (*c)->summary);
		buf_adds(out, "'\n");
	}
	buf_adds(out, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
		      "\tlocal name=$words[2]\n\twords=(\"oomrig $name\" \"${(@)words[3,-1]}\")\n\t(( CURRENT-- ))\n"
		      "\tcase $name in\n\t\thelp) _describe command commands ;;\n");
	for (const struct command *const *c = commands; *c != NULL; c++) {
		buf_addf(out, "\t\t%s) _arguments '*:file:_files' '--help[show its help]'", (*c)->name);
		for (const struct option_row *row = (*c)->rows; row->name != NULL; row++)
			if (is_option(row))
				add_zsh_option(out, row);
		buf_adds(out, " ;;\n");
	}
	buf_adds(out, "\tesac\n}\n_oomrig \"$@\"\n");
}

/* ---- fish --------------------------------------------------------------- */

static void add_fish_option(struct buf *out, const struct command *command, const struct option_row *row)
{
	buf_addf(out, "complete -c oomrig -n '__fish_seen_subcommand_from %s' -l %s", command->name, row->name);
	if (row->letter != '\0')
		buf_addf(out, " -s %c", row->letter);
	if (row->type != OPTION_FLAG)
		buf_adds(out, " -r");
	if (row->choices != NULL) {
		buf_adds(out, " -x -a '");
		add_choices(out, row);
		buf_addc(out, '\'');
	}
	buf_adds(out, " -d '");
	add_summary(out, row->help);
	buf_adds(out, "'\n");
}

static void write_fish(struct buf *out)
{
	buf_adds(out, "# fish completion of oomrig; made by `oomrig completion fish`\n");
	for (const struct command *const *c = commands; *c != NULL; c++) {
		buf_addf(out, "complete -c oomrig -f -n __fish_use_subcommand -a %s -d '", (*c)->name);
		add_summary(out, (*c)->summary);
		buf_adds(out, "'\n");
		for (const struct option_row *row = (*c)->rows; row->name != NULL; row++)
			if (is_option(row))
				add_fish_option(out, *c, row);
	}
}

const struct complete_shell complete_shells[] = {
	{ "bash", write_bash },
	{ "zsh", write_zsh },
	{ "fish", write_fish },
	{ NULL, NULL },
};
