#include "cli/manpage.h"

#include <stdlib.h>

#include <string.h>

#include "record/host.h"

/* As roff(7) reads it: a hyphen is a minus, and no line begins a request. */
static void add_text(struct buf *out, const char *text)
{
	bool starts = true;
	for (const char *p = text; *p != '\0'; p++) {
		if (starts && (*p == '.' || *p == '\''))
			buf_adds(out, "\\&");
		if (*p == '\\')
			buf_adds(out, "\\e");
		else if (*p == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *p);
		starts = *p == '\n';
	}
}

static void add_heading(struct buf *out, const char *title)
{
	buf_addf(out, ".SH %s\n", title);
}

static void add_verbatim(struct buf *out, const char *text)
{
	buf_adds(out, ".nf\n");
	add_text(out, text);
	buf_adds(out, "\n.fi\n");
}

static void begin(struct buf *out, const char *name, const char *summary)
{
	buf_adds(out, ".TH \"");
	for (const char *p = name; *p != '\0'; p++)
		buf_addc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	buf_addf(out, "\" 1 \"\" \"oomrig %s\" \"oomrig\"\n", OOMRIG_VERSION);
	add_heading(out, "NAME");
	add_text(out, name);
	buf_adds(out, " \\- ");
	add_text(out, summary);
	buf_addc(out, '\n');
}

static void add_option(struct buf *out, const struct option_row *row)
{
	if (row->type == OPTION_HEADING) {
		buf_addf(out, ".SS \"%s\"\n", row->help);
		return;
	}
	buf_adds(out, ".TP\n");
	if (row->letter != '\0')
		buf_addf(out, "\\fB\\-%c\\fR, ", row->letter);
	buf_adds(out, "\\fB\\-\\-");
	add_text(out, row->name);
	buf_adds(out, "\\fR");
	if (row->argument != NULL)
		buf_addf(out, " \\fI%s\\fR", row->argument);
	buf_addc(out, '\n');
	add_text(out, row->help);
	for (const char *const *c = row->choices; c != NULL && *c != NULL; c++)
		buf_addf(out, "%s%s", c == row->choices ? "\nOne of: " : ", ", *c);
	if (row->default_text != NULL) {
		buf_adds(out, "\nDefault: ");
		add_text(out, row->default_text);
	}
	buf_addc(out, '\n');
}

static void add_statuses(struct buf *out, const struct manual *m)
{
	add_heading(out, "EXIT STATUS");
	for (const enum exit_status *s = m->statuses; *s != STATUS_END; s++) {
		buf_addf(out, ".TP\n.B %d\n", (int)*s);
		add_text(out, cmd_meaning(m, *s));
		buf_addc(out, '\n');
	}
}

static void add_overview(struct buf *out)
{
	begin(out, "oomrig", "does an upload service crash, or does it only grow?");
	add_heading(out, "SYNOPSIS");
	add_verbatim(out, "oomrig COMMAND [options]");
	add_heading(out, "DESCRIPTION");
	add_text(out, "Loads an upload service inside a memory cap and says, with evidence, whether it\n"
		      "crashed or only grew, and in which memory.\n");
	add_heading(out, "COMMANDS");
	for (const struct command *const *c = commands; *c != NULL; c++) {
		buf_addf(out, ".TP\n.BR oomrig\\-%s (1)\n", (*c)->name);
		add_text(out, (*c)->summary);
		buf_addc(out, '\n');
	}
	add_heading(out, "ENVIRONMENT");
	buf_adds(out, ".TP\n.B OOMRIG_RESULTS\nWhere runs are stored, when no option says it; else ./results.\n"
		      ".TP\n.B NO_COLOR\nWhen set and not empty, no colours.\n");
}

void manpage(const struct command *command, struct buf *out)
{
	if (command == NULL) {
		add_overview(out);
		return;
	}
	char *name = xasprintf("oomrig-%s", command->name);
	begin(out, name, command->summary);
	free(name);
	add_heading(out, "SYNOPSIS");
	add_verbatim(out, command->manual->usage);
	add_heading(out, "DESCRIPTION");
	add_text(out, command->manual->about);
	buf_addc(out, '\n');
	add_heading(out, "OPTIONS");
	for (const struct option_row *row = command->rows; row->name != NULL; row++)
		add_option(out, row);
	add_heading(out, "EXAMPLES");
	add_verbatim(out, command->manual->examples);
	add_statuses(out, command->manual);
	add_heading(out, "SEE ALSO");
	buf_adds(out, ".BR oomrig (1)\n");
}
