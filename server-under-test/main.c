/*
 * chunkserver - the bundled upload server: files in SQLite, chunk by chunk, with
 * the memory behaviours of the case studies as switches.
 *
 * Exit status: 0 stopped by SIGTERM or SIGINT, 1 could not start, 2 wrong
 * command line; SIGABRT after "cannot allocate" when memory was refused.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "behaviour.h"
#include "debug.h"
#include "forget.h"
#include "http.h"
#include "mock_broker.h"
#include "server.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
/* A stop takes no longer than this; what is unfinished then was never acknowledged. */
#define STOP_MAX_MS 800

struct settings {
	const char *data, *tmp, *host, *debug_port, *preset;
	uint64_t port, idle_timeout_ns;
	bool describe, list_presets, list_behaviours, mock_broker;
	struct behaviour_texts behaviours;
};

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
#define GENERAL_COUNT (sizeof(general_rows) / sizeof(general_rows[0]))

void server_log(const char *fmt, ...)
{
	char line[1280];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "chunkserver: %s\n", line);
}

void server_out_of_memory(uint64_t size_bytes)
{
	server_log("cannot allocate %llu bytes", (unsigned long long)size_bytes);
	abort();
}

/* SQLite passes a refused allocation on as an error of a statement; this server treats all of them alike. */
static void on_sqlite_log(void *arg, int code, const char *message)
{
	unsigned long long size;
	(void)arg;
	if (code == SQLITE_NOMEM && sscanf(message, "failed to allocate %llu", &size) == 1)
		server_out_of_memory(size);
}

/*
 * One heap for all threads: the default of eight per processor would each keep
 * their own free memory.  Fixed thresholds, because by default the first freed
 * large block raises them, and what is freed afterwards stays.
 */
static void configure_memory(const char *tmp_dir)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	sqlite3_config(SQLITE_CONFIG_LOG, on_sqlite_log, NULL);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_initialize();
	sqlite3_temp_directory = sqlite3_mprintf("%s", tmp_dir);
}

/*
 * Parses the command line; the options of a preset go before the user's own, so
 * that those win.  *words is what the settings then point into.
 */
static int parse(const struct option_row *rows, int argc, char **argv, struct settings *settings,
		 struct options_result *result, char ***words, struct error *err)
{
	struct settings first = { 0 };
	*words = xcalloc((size_t)argc + 2 * BEHAVIOUR_COUNT + 1, sizeof(char *));
	memcpy(*words, argv, (size_t)argc * sizeof(char *));
	if (options_defaults(rows, settings, err) != 0 || options_parse(rows, argc, *words, &first, result, err) != 0)
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
		(*words)[count++] = xasprintf("--%s", behaviours[i].name);
		(*words)[count++] = (char *)preset->values[i];
	}
	memcpy(*words + count, argv + 1, (size_t)(argc - 1) * sizeof(char *));
	return options_parse(rows, count + argc - 1, *words, settings, result, err);
}

static void print_help(const struct option_row *rows)
{
	printf("usage: chunkserver --data DIR --tmp DIR [OPTION…]\n\n"
	       "Stores uploads in SQLite in chunks of %d bytes: POST or PUT /api/entry, GET /-ID,\n"
	       "DELETE /api/entry/ID, GET /healthz.  Each behaviour below is one of a case study's;\n"
	       "with every one of them off, memory stays small whatever is uploaded.\n\nOptions:\n",
	       CHUNK_BYTES);
	options_print_help(rows, stdout);
}

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

static int run_hooks_start(struct server *server, struct error *err)
{
	for (size_t i = 0; i < BEHAVIOUR_COUNT; i++)
		if (server_has(server, (enum behaviour_id)i) && behaviours[i].hooks != NULL &&
		    behaviours[i].hooks->start != NULL && behaviours[i].hooks->start(server, err) != 0)
			return -1;
	return 0;
}

static void run_hooks_stop(struct server *server)
{
	for (size_t i = BEHAVIOUR_COUNT; i-- > 0;)
		if (server_has(server, (enum behaviour_id)i) && behaviours[i].hooks != NULL &&
		    behaviours[i].hooks->stop != NULL)
			behaviours[i].hooks->stop(server);
}

static int server_start(struct server *server, const struct settings *settings, struct error *err)
{
	uint16_t debug_port = 0;
	if (settings->debug_port != NULL && parse_port(settings->debug_port, &debug_port, err) != 0)
		return -1;
	server->host = settings->host;
	server->port = (uint16_t)settings->port;
	server->idle_timeout_ns = settings->idle_timeout_ns;
	if (behaviour_resolve(&settings->behaviours, server->behaviour, err) != 0 ||
	    temp_files_init(&server->temp_files, settings->tmp, err) != 0 ||
	    database_open(&server->database, server, settings->data, err) != 0 ||
	    writer_start(&server->writer, server, err) != 0 || forget_orphans(server, err) != 0 ||
	    run_hooks_start(server, err) != 0 || http_start(server, err) != 0 ||
	    (settings->debug_port != NULL && debug_start(server, debug_port, err) != 0))
		return -1;
	if (server->debug_daemon != NULL)
		server_log("debug figures on 127.0.0.1:%u", http_port(server->debug_daemon));
	server_log("listening on %s:%u", server->host, http_port(server->daemon));
	return 0;
}

/* Something hangs: the log makes the database whole again at the next start. */
static void *stop_late(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ .tv_nsec = STOP_MAX_MS * 1000000L }, NULL);
	_exit(EXIT_SUCCESS);
}

static void server_stop(struct server *server)
{
	pthread_t watchdog;
	if (pthread_create(&watchdog, NULL, stop_late, NULL) == 0)
		pthread_detach(watchdog);
	atomic_store(&server->stopping, true);
	database_interrupt(&server->database);
	debug_stop(server);
	http_stop(server);
	run_hooks_stop(server);
	writer_stop(&server->writer);
	forget_release();
	database_close(&server->database);
}

int main(int argc, char **argv)
{
	struct option_row rows[GENERAL_COUNT + BEHAVIOUR_COUNT + 1] = { 0 };
	memcpy(rows, general_rows, sizeof(general_rows));
	behaviour_options(rows + GENERAL_COUNT, offsetof(struct settings, behaviours));
	struct settings settings = { 0 };
	struct options_result result;
	struct error err = ERROR_INIT;
	static char **words; /* the settings point into it as long as the process lives */
	if (parse(rows, argc, argv, &settings, &result, &words, &err) != 0) {
		server_log("%s", err.message);
		return EXIT_USAGE;
	}
	if (result.help) {
		print_help(rows);
		return EXIT_SUCCESS;
	}
	if (print_lists(&settings))
		return EXIT_SUCCESS;
	if (settings.mock_broker)
		return mock_broker_main();
	if (settings.data == NULL || settings.tmp == NULL) {
		server_log("--data and --tmp are required (--help explains them)");
		return EXIT_USAGE;
	}
	sigset_t stop_signals;
	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGTERM);
	sigaddset(&stop_signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop_signals, NULL); /* every thread inherits it; sigwait takes them */
	signal(SIGPIPE, SIG_IGN);
	configure_memory(settings.tmp);
	static struct server server; /* threads may outlive main when the stop was late */
	if (server_start(&server, &settings, &err) != 0) {
		server_log("%s", err.message);
		return err.code == ERROR_USAGE ? EXIT_USAGE : EXIT_FAILED;
	}
	int signal_number;
	sigwait(&stop_signals, &signal_number);
	server_stop(&server);
	return EXIT_SUCCESS;
}
