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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "debug.h"
#include "forget.h"
#include "hooks.h"
#include "http.h"
#include "log.h"
#include "mock_broker.h"
#include "settings.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
/* A stop takes no longer than this; what is unfinished then was never acknowledged. */
#define STOP_MAX_MS 800

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

static int start_behaviours(struct server *server, struct error *err)
{
	const struct behaviour_hooks *hooks;
	EACH_HOOKS (server, hooks, start)
		if (hooks->start(server, err) != 0)
			return -1;
	return 0;
}

static void stop_behaviours(struct server *server)
{
	const struct behaviour_hooks *hooks;
	EACH_HOOKS_BACK (server, hooks, stop)
		hooks->stop(server);
}

static int server_start(struct server *server, const struct settings *settings, struct error *err)
{
	server->host = settings->host;
	server->port = (uint16_t)settings->port;
	server->idle_timeout_ns = settings->idle_timeout_ns;
	if (behaviour_resolve(&settings->behaviours, server->behaviour, err) != 0 ||
	    temp_files_init(&server->temp_files, settings->tmp, err) != 0 ||
	    database_open(&server->database, server, settings->data, err) != 0 ||
	    writer_start(&server->writer, server, err) != 0 || forget_orphans(server, err) != 0 ||
	    start_behaviours(server, err) != 0 || http_start(server, err) != 0 ||
	    (settings->debug_port != NULL && debug_start(server, settings->debug_listen, err) != 0))
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
	stop_behaviours(server);
	writer_stop(&server->writer);
	forget_release();
	database_close(&server->database);
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct error err = ERROR_INIT;
	int asked = settings_read(&settings, argc, argv, &err);
	if (asked < 0)
		server_log("%s", err.message);
	if (asked != 0)
		return asked < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	if (settings.mock_broker)
		return mock_broker_main();
	sigset_t stop_signals;
	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGTERM);
	sigaddset(&stop_signals, SIGINT);
	umask(S_IRWXG | S_IRWXO);			 /* what is uploaded is nobody else's to read */
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
