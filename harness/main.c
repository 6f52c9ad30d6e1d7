/*
 * oomrig - loads an upload service inside a memory cap and says, with evidence,
 * whether it crashed or only grew.  This file only finds the subcommand.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/ending.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/open_files.h"
#include "cli/cmd.h"
#include "record/host.h"
#include "target/trampoline.h"

/* libuv aborts when it finds none left for its own pipes. */
#define FILES_AT_LEAST 64

static int print_usage(FILE *out)
{
	fprintf(out, "Usage: oomrig COMMAND [options]\n\n"
		     "Loads an upload service inside a memory cap and says, with evidence, whether it\n"
		     "crashed or only grew, and in which memory.\n\nCommands:\n");
	for (const struct command *const *c = commands; *c != NULL; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fprintf(out, "\n  oomrig help COMMAND   its options, examples and exit status\n"
		     "  oomrig -V, --version  the version\n\nStart with:\n"
		     "  oomrig doctor\n"
		     "  oomrig run scenarios/picoshare/three-uploads-before-any-fix.yaml\n");
	return out == stdout ? STATUS_OK : STATUS_USAGE;
}

static const struct command *find(const char *name)
{
	struct nearest n;
	nearest_init(&n, name);
	for (const struct command *const *c = commands; *c != NULL; c++) {
		if (strcmp((*c)->name, name) == 0)
			return *c;
		nearest_offer(&n, (*c)->name);
	}
	if (n.best != NULL)
		log_error("unknown command '%s'; did you mean '%s'?", name, n.best);
	else
		log_error("unknown command '%s'; oomrig --help lists them", name);
	return NULL;
}

static bool is_among(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2)
		return print_usage(stderr);
	static const char *const version_words[] = { "--version", "-V", "version", NULL };
	static const char *const help_words[] = { "--help", "-h", "help", NULL };
	if (is_among(argv[1], version_words)) {
		printf("oomrig %s\n", OOMRIG_VERSION);
		return STATUS_OK;
	}
	bool help = is_among(argv[1], help_words);
	if (help && (argc == 2 || is_among(argv[2], help_words) || is_among(argv[2], version_words)))
		return print_usage(stdout);
	const struct command *command = find(argv[help ? 2 : 1]);
	if (command == NULL)
		return STATUS_USAGE;
	char option[] = "--help";
	char *for_help[] = { argv[help ? 2 : 1], option, NULL };
	return help ? cmd_main(command, 2, for_help) : cmd_main(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], TRAMPOLINE_COMMAND) == 0)
		return trampoline_main(argc, argv);
	struct error err = ERROR_INIT;
	if (ending_catch(&err) != 0 || open_files_allow(FILES_AT_LEAST, &err) != 0 ||
	    cmd_check_words(argc, argv, &err) != 0)
		return cmd_fail(&err);
	setlocale(LC_CTYPE, ""); /* only for whether the terminal takes UTF-8: figures keep their point */
	int status = dispatch(argc, argv);
	errno = 0; /* stays 0 when an earlier write failed */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_error("cannot write to standard output%s%s", errno != 0 ? ": " : "",
			  errno != 0 ? strerror(errno) : "");
		return status == STATUS_OK ? STATUS_RIG : status;
	}
	return status;
}
