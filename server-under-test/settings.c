#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "mock_broker.h"
#include "server.h"

#define AT(field) .offset = offsetof(struct settings, field)
static const struct option_row general_rows[] = {
	{ .name = "data",
	  .type = OPTION_PATH,
	  AT(data),
	  .argument = "DIR",
	  .help = "folder of the database; required" },
	{ .name = "tmp",
	  .type = OPTION_PATH,
	  AT(tmp),
	  .argument = "DIR",
	  .help = "folder for temporary files, of this server alone; required" },
	{ .name = "host",
	  .type = OPTION_STRING,
	  AT(host),
	  .argument = "ADDRESS",
	  .default_text = "127.0.0.1",
	  .help = "IPv4 address to listen on" },
	{ .name = "port",
	  .type = OPTION_COUNT,
	  AT(port),
	  .argument = "N",
	  .default_text = "0",
	  .max = 65535,
	  .help = "port to listen on; 0: any, said on standard error" },
	{ .name = "debug-port",
	  .type = OPTION_STRING,
	  AT(debug_port),
	  .argument = "N",
	  .help = "serve memory figures as JSON at 127.0.0.1:N/debug; 0: any port.\nOff unless given" },
	{ .name = "idle-timeout",
	  .type = OPTION_DURATION,
	  AT(idle_timeout_ns),
	  .argument = "TIME",
	  .default_text = "120s",
	  .min = NS_PER_S,
	  .max = 86400 * NS_PER_S,
	  .help = "close a connection on which nothing moved for this long" },
	{ .name = "describe",
	  .type = OPTION_FLAG,
	  AT(describe),
	  .help = "print presets and behaviours as JSON and exit" },
	{ .name = "list-presets", .type = OPTION_FLAG, AT(list_presets), .help = "print the presets and exit" },
	{ .name = "list-behaviours",
	  .type = OPTION_FLAG,
	  AT(list_behaviours),
	  .help = "print the behaviours and exit" },
	{ .name = MOCK_BROKER_OPTION,
	  .type = OPTION_FLAG,
	  AT(mock_broker),
	  .help = "be the message broker of --event-producer, which starts it:\n"
		  "print its address and serve until standard input ends" },
	{ .name = "behaviours", .type = OPTION_HEADING, .help = "Behaviours" },
	{ .name = "preset",
	  .type = OPTION_STRING,
	  AT(preset),
	  .argument = "NAME",
	  .help = "set all behaviours to a point of the history (--list-presets);\n"
		  "the options below change single ones of it" },
};
#define GENERAL_COUNT COUNT(general_rows)

/* Parses the command line; the options of a preset go before the user's own, so that those win. */
static int parse(const struct option_row *rows, int argc, char **argv, struct settings *settings,
		 struct options_result *result, struct error *err)
{
	struct settings first = { 0 };
	static char **words; /* the settings point into it */
	words = xcalloc((size_t)argc + 2 * BEHAVIOUR_COUNT + 1, sizeof(char *));
	memcpy(words, argv, (size_t)argc * sizeof(char *));
	if (options_defaults(rows, settings, err) != 0 || options_parse(rows, argc, words, &first, result, err) != 0)
		return -1;
	if (result->help)
		return 0;
	if (result->operand_count > 0)
		return error_set(err, ERROR_USAGE, "unexpected argument '%s'", result->operands[0]);
	const struct preset *preset = first.preset == NULL ? NULL : preset_find(first.preset, err);
	if (first.preset != NULL && preset == NULL)
		return -1;
	int count = 1;
	for (size_t i = 0; preset != NULL && i < BEHAVIOUR_COUNT; i++) {
		if (preset->values[i] == NULL)
			continue;
		words[count++] = xasprintf("--%s", behaviours[i].name);
		words[count++] = (char *)preset->values[i];
	}
	memcpy(words + count, argv + 1, (size_t)(argc - 1) * sizeof(char *));
	return options_parse(rows, count + argc - 1, words, settings, result, err);
}

static void print_help(const struct option_row *rows)
{
	printf("usage: chunkserver --data DIR --tmp DIR [OPTION…]\n\n"
	       "Stores uploads in SQLite in chunks of %d bytes: POST or PUT /api/entry,\n"
	       "GET /-ID, DELETE /api/entry/ID, GET /healthz.  Each behaviour below is one of a\n"
	       "case study's; with all of them off, memory stays small whatever is uploaded.\n\n"
	       "Options:\n",
	       CHUNK_BYTES);
	options_print_help(rows, stdout);
}

/* 1: something was printed. */
static int print_lists(const struct settings *settings)
{
	if (settings->describe) {
		json_t *all = behaviour_describe();
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else if (settings->list_presets) {
		for (const struct preset *p = presets; p->name != NULL; p++)
			printf("%-24s %s\n", p->name, p->summary);
	} else if (settings->list_behaviours) {
		for (size_t i = 0; i < BEHAVIOUR_COUNT; i++)
			printf("%-20s %s: %s\n", behaviours[i].name, behaviours[i].row, behaviours[i].summary);
	} else {
		return 0;
	}
	return 1;
}

static int parse_port(const char *text, uint16_t *out, struct error *err)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value > 65535 || text[0] == '-')
		return error_set(err, ERROR_USAGE, "--debug-port: '%s' is not a port", text);
	*out = (uint16_t)value;
	return 0;
}

int settings_read(struct settings *settings, int argc, char **argv, struct error *err)
{
	struct option_row rows[GENERAL_COUNT + BEHAVIOUR_COUNT + 1] = { 0 };
	struct options_result result;
	memcpy(rows, general_rows, sizeof(general_rows));
	behaviour_options(rows + GENERAL_COUNT, offsetof(struct settings, behaviours));
	if (parse(rows, argc, argv, settings, &result, err) != 0)
		return -1;
	if (result.help) {
		print_help(rows);
		return 1;
	}
	if (print_lists(settings))
		return 1;
	if (!settings->mock_broker && (settings->data == NULL || settings->tmp == NULL))
		return error_set(err, ERROR_USAGE, "--data and --tmp are required (--help explains them)");
	return settings->debug_port != NULL ? parse_port(settings->debug_port, &settings->debug_listen, err) : 0;
}
