/*
 * target - the server under test as a process: its folders and templates, its
 * start through the trampoline, readiness, login, health, its own figures, stop.
 *
 * Life cycle:
 *   1. target_new() resolves templates, picks ports, makes nothing yet;
 *   2. target_start() writes the configuration files and spawns;
 *      then callbacks.ready, callbacks.failed or, when it ends first, neither;
 *      callbacks.exited follows whenever it ends, once;
 *      after that target_start() may be called again: same folders, ports,
 *      words and group, the log goes on behind a line of ours;
 *   3. target_stop() asks it to end, then kills; callbacks.exited follows;
 *   4. target_close() (after exited, or if it was never started), frees in the
 *      close callback.
 * Loop thread only.
 */
#ifndef OOMRIG_TARGET_TARGET_H
#define OOMRIG_TARGET_TARGET_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/error.h"
#include "http/http.h"
#include "isolation/isolation.h"
#include "scenario/scenario.h"
#include "http/request.h"
#include "target/port.h"
#include "target/relay.h"

struct target_exit {
	uint64_t t_ns; /* clock_ns() when the rig saw it */
	int64_t exit_code;
	int signal; /* 0: it exited */
};

struct target_callbacks {
	void *arg;
	void (*started)(void *arg);			    /* exec succeeded */
	void (*answered)(void *arg);			    /* as when ready; before the log-in's words are sent */
	void (*ready)(void *arg);			    /* and logged in */
	void (*failed)(void *arg, const struct error *err); /* could not start, or never became ready */
	void (*exited)(void *arg, const struct target_exit *exit);
	void (*before_signal)(void *arg, int signal); /* our own signal, told before it is sent */
	void (*figures)(void *arg, uint64_t t_ns, const char *json, size_t len); /* its debug figures */
	void (*printed)(void *arg, const char *data, size_t len); /* a piece of its log; on a thread of its own */
	void (*collected)(void *arg, const struct error *err);	  /* NULL: it answered target_collect() well */
};

struct target_options {
	uv_loop_t *loop;
	struct http_client *http;
	const struct scenario *scenario;
	struct isolation *isolation;
	const char *self_exe; /* path of this program */
	const char *data_dir, *tmp_dir;
	const char *log_path;	    /* its stdout and stderr */
	uint64_t probe_interval_ns; /* of health and debug figures */
	struct target_callbacks callbacks;
};

struct target;
int target_new(struct target **out, const struct target_options *options, struct error *err);
int target_start(struct target *t, struct error *err);

/* For the load's requests; valid until target_close(). */
const struct target_access *target_access(const struct target *t);
pid_t target_pid(const struct target *t); /* of the last start; 0 before it */
/* The words it was started with, as a JSON array the caller owns. */
json_t *target_command(const struct target *t);

/* Its log up to this moment has been told to callbacks.printed; how much it has printed so far. */
void target_settle_log(struct target *t, struct relay_totals *totals);

/* Asks health and debug figures every interval; from ready until target_stop(). */
void target_watch(struct target *t);
/* Sends the scenario's request to collect garbage; callbacks.collected follows unless the server ends or is stopped. */
int target_collect(struct target *t, struct error *err);
/* Longest time a health probe stayed unanswered so far, the one under way included; absent without a health request. */
struct fact target_longest_silence_ns(const struct target *t);
/* Longest time that the rig's own loop was late while it watched: silence meanwhile is not counted above. */
struct fact target_longest_late_ns(const struct target *t);

/*
 * Does every living process that the server has started, wherever it went, lie in its group (none left: yes)?
 * 1, 0, or -1 when unreadable.
 */
int target_all_in_group(const struct target *t);

/* Who listens where the load goes?  Absent too for a server that has ended in a network namespace of its own. */
void target_look_at_port(const struct target *t, struct port_look *out);
/* What to say when nobody was ever seen to listen there, and yet there were answers. */
void target_describe_unseen_port(const struct target *t, char out[PORT_TEXT_MAX]);

/* gentle: SIGTERM first and up to the scenario's stop timeout; else SIGKILL at once, also after a gentle one. */
void target_stop(struct target *t, bool gentle);
void target_close(struct target *t, void (*closed)(void *arg), void *arg);

#endif
