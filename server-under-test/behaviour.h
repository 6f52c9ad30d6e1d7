/*
 * behaviour - the memory behaviours of the case studies, as one table.
 *
 * A behaviour is a row here (its name is the option on the command line) and a
 * file that carries it out; what it needs from the rest of the server it gets
 * through the hooks of its row, or through a strategy the core asks for
 * (`struct sink`, `struct reader_strategy`).  A preset is a row of settings.
 *
 * Life cycle: behaviour_options() gives the option rows, the command line
 * fills `struct behaviour_texts`, behaviour_resolve() turns texts into figures,
 * once, before any thread starts.  Read-only afterwards: any thread.
 */
#ifndef CHUNKSERVER_BEHAVIOUR_H
#define CHUNKSERVER_BEHAVIOUR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/options.h"

struct server;
struct db_connection;
struct request;

enum behaviour_id {
	FORM_MEMORY,
	KEEP_TEMP_FILES,
	CHUNK_QUERY_GE,
	SINGLE_TRANSACTION,
	VACUUM_INTERVAL,
	VACUUM_TEMP_STORE,
	NO_AUTOCHECKPOINT,
	EAGER_PURGE,
	EVENT_PRODUCER,
	DEFERRED_CLEANUP,
	BLOCKED_CLEANUP,
	CANARY,
	REQUEST_CONTEXT,
	CONTEXT_RELEASE,
	CONTEXT_PURGE,
	WRITE_RATE,
	BEHAVIOUR_COUNT
};

/* How the value on the command line reads; "off" always means 0. */
enum behaviour_type {
	BEHAVIOUR_SWITCH,   /* on, off */
	BEHAVIOUR_SIZE,	    /* bytes */
	BEHAVIOUR_RATE,	    /* bytes per second */
	BEHAVIOUR_DURATION, /* ns */
	BEHAVIOUR_CHOICE,   /* index into choices */
};

/*
 * Called only while the behaviour is not off; any may be NULL.  `start` runs
 * before the first request and `stop` after the last; `debug` and `collect` run
 * on the debug listener's thread: the one adds its figures to the report, the
 * other gives back what the behaviour holds only until a collector takes it.
 */
struct behaviour_hooks {
	int (*start)(struct server *server, struct error *err);
	void (*stop)(struct server *server);
	int (*connection_opened)(struct server *server, struct db_connection *connection, struct error *err);
	void (*upload_stored)(struct server *server);
	void (*chunk_stored)(struct server *server, size_t len); /* on the thread that writes */
	void (*request_begun)(struct request *request);		 /* on the connection's thread, as the next two */
	void (*request_answering)(struct request *request);	 /* may fail it */
	void (*request_over)(struct request *request);
	void (*debug)(struct server *server, json_t *report);
	void (*collect)(struct server *server);
};

/* Each is in a file of behaviours/. */
extern const struct behaviour_hooks form_memory_hooks;
extern const struct behaviour_hooks chunk_query_hooks;
extern const struct behaviour_hooks vacuum_hooks;
extern const struct behaviour_hooks checkpoint_hooks;
extern const struct behaviour_hooks eager_purge_hooks;
extern const struct behaviour_hooks producer_hooks;
extern const struct behaviour_hooks cleanup_hooks;
extern const struct behaviour_hooks blocked_cleanup_hooks;
extern const struct behaviour_hooks canary_hooks;
extern const struct behaviour_hooks context_hooks;
extern const struct behaviour_hooks context_purge_hooks;
extern const struct behaviour_hooks write_rate_hooks;

struct behaviour {
	const char *name;
	const char *row; /* of the case studies, "P1" */
	enum behaviour_type type;
	const char *default_text;
	const char *const *choices; /* BEHAVIOUR_CHOICE and BEHAVIOUR_SWITCH, NULL-terminated */
	const char *argument;
	const char *summary; /* one line */
	const char *help;    /* for --help, lines separated by '\n' */
	const struct behaviour_hooks *hooks;
};

extern const struct behaviour behaviours[BEHAVIOUR_COUNT];

struct preset {
	const char *name;
	const char *summary;
	const char *values[BEHAVIOUR_COUNT]; /* NULL: the default */
};

/* In the order of the history they tell; ends with a row without a name. */
extern const struct preset presets[];

/* What the command line said, one text per behaviour. */
struct behaviour_texts {
	const char *text[BEHAVIOUR_COUNT];
};

/* Fills one option row per behaviour; base_offset is that of the texts in the settings. */
void behaviour_options(struct option_row rows[BEHAVIOUR_COUNT], size_t base_offset);

/* NULL with the nearest known name in the message when there is none. */
const struct preset *preset_find(const char *name, struct error *err);

int behaviour_resolve(const struct behaviour_texts *texts, uint64_t values[BEHAVIOUR_COUNT], struct error *err);

/* {"presets": […], "behaviours": […]}; the caller owns it. */
json_t *behaviour_describe(void);

#endif
