#include "behaviour.h"

#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

static const char *const switch_words[] = { "off", "on", NULL };
static const char *const temp_stores[] = { "file", "memory", NULL };
static const char *const producer_words[] = { "off", "closed", "unclosed", NULL };
static const char *const release_words[] = { "never", "request", NULL };

const struct behaviour behaviours[BEHAVIOUR_COUNT] = {
	[FORM_MEMORY] = {
		"form-memory", "P1", BEHAVIOUR_SIZE, "off", NULL, "SIZE|off",
		"form parser keeps the first SIZE of a multipart body in RAM",
		"P1: parse the whole form before storing it, keeping the first SIZE of\n"
		"the file in a buffer that grows by doubling; outgrown copies die late\n"
		"(a collector frees them) and the rest goes to a temporary file in --tmp.\n"
		"off: bodies stream into the database",
		&form_memory_hooks,
	},
	[KEEP_TEMP_FILES] = {
		"keep-temp-files", "P2", BEHAVIOUR_SWITCH, "off", switch_words, "on|off",
		"the parsed form is never released: its temporary file stays",
		"P2: leave the temporary file of a parsed form behind after the request\n"
		"(only forms larger than --form-memory have one)",
		NULL,
	},
	[CHUNK_QUERY_GE] = {
		"chunk-query-ge", "P3", BEHAVIOUR_SWITCH, "off", switch_words, "on|off",
		"reading one chunk sorts the whole rest of the file",
		"P3: ask for 'chunk_index >= ? ORDER BY chunk_index' on a table without a\n"
		"key on (id, chunk_index): SQLite sorts the rest of the file for each chunk",
		&chunk_query_hooks,
	},
	[SINGLE_TRANSACTION] = {
		"single-transaction", "P4", BEHAVIOUR_SWITCH, "off", switch_words, "on|off",
		"one transaction around the whole upload",
		"P4: hold one transaction from an upload's first chunk to its end; another\n"
		"writer gives up after 5 s with 'database is locked'.\n"
		"off: each chunk is committed as it comes",
		NULL,
	},
	[VACUUM_INTERVAL] = {
		"vacuum-interval", "P5", BEHAVIOUR_DURATION, "off", NULL, "TIME|off",
		"VACUUM at an interval",
		"P5: rewrite the whole database through the log every TIME (7h, 5s)",
		&vacuum_hooks,
	},
	[VACUUM_TEMP_STORE] = {
		"vacuum-temp-store", "P5", BEHAVIOUR_CHOICE, "file", temp_stores, "file|memory",
		"where VACUUM builds its copy",
		"P5: temp_store of the connection that vacuums; file means in --tmp",
		NULL,
	},
	[NO_AUTOCHECKPOINT] = {
		"no-autocheckpoint", "P6", BEHAVIOUR_SWITCH, "off", switch_words, "on|off",
		"wal_autocheckpoint = 0 on one connection of the pool: the one that writes",
		"P6: 'PRAGMA wal_autocheckpoint = 0' on the first connection of the pool,\n"
		"the one that writes: the log grows until somebody else checkpoints",
		&checkpoint_hooks,
	},
	[EAGER_PURGE] = {
		"eager-purge", "P7", BEHAVIOUR_SWITCH, "off", switch_words, "on|off",
		"clean-up takes the chunks of uploads still in flight for orphans",
		"P7: after each upload, delete every chunk without a finished entry, those\n"
		"of uploads in flight included.  off: only what failed uploads left behind",
		&eager_purge_hooks,
	},
	[EVENT_PRODUCER] = {
		"event-producer", "H2", BEHAVIOUR_CHOICE, "off", producer_words, "closed|unclosed|off",
		"a message producer of its own for each upload",
		"H2: after each upload, create a librdkafka producer and send an event with\n"
		"it, to a mock broker that runs beside the server; unclosed: never close it,\n"
		"so that its threads, sockets and buffers stay",
		&producer_hooks,
	},
	[DEFERRED_CLEANUP] = {
		"deferred-cleanup", "C1", BEHAVIOUR_SWITCH, "off", switch_words, "on|off",
		"what a request has used is closed later, by one clean-up thread",
		"C1: the connection a read has used, with its statements and cache, is not\n"
		"used again but closed by a single clean-up thread",
		&cleanup_hooks,
	},
	[BLOCKED_CLEANUP] = {
		"blocked-cleanup", "C1", BEHAVIOUR_DURATION, "off", NULL, "TIME|off",
		"one close on a share that does not answer blocks the clean-up thread",
		"C1: the clean-up thread (--deferred-cleanup) first closes a file on a\n"
		"share that accepts connections and stays silent: it waits for TIME, and\n"
		"everything behind it stays in memory",
		&blocked_cleanup_hooks,
	},
	[CANARY] = {
		"canary", "C2", BEHAVIOUR_DURATION, "off", NULL, "TIME|off",
		"a disposable object for the clean-up thread at an interval",
		"C2: give the clean-up thread a disposable object every TIME; how long the\n"
		"oldest has been waiting is 'canary_lag_ms' in the debug figures.  off, as\n"
		"in the original: nothing shows that clean-up has stopped",
		&canary_hooks,
	},
	[REQUEST_CONTEXT] = {
		"request-context", "R1", BEHAVIOUR_SIZE, "off", NULL, "SIZE|off",
		"each request keeps SIZE of context in a map behind one mutex",
		"R1: each request puts a context of SIZE into a global map behind one mutex\n"
		"and needs it again to answer",
		&context_hooks,
	},
	[CONTEXT_RELEASE] = {
		"context-release", "R1", BEHAVIOUR_CHOICE, "never", release_words, "request|never",
		"when the context of a request is deleted",
		"R1: delete the context (--request-context) at the end of its request, or\n"
		"never",
		NULL,
	},
	[CONTEXT_PURGE] = {
		"context-purge", "R1", BEHAVIOUR_DURATION, "off", NULL, "TIME|off",
		"contexts older than TIME are purged, live or not",
		"R1: purge contexts (--request-context) older than TIME; one that takes less\n"
		"than the longest request removes live ones, and such requests fail",
		&context_purge_hooks,
	},
	[WRITE_RATE] = {
		"write-rate", "P", BEHAVIOUR_RATE, "off", NULL, "RATE|off",
		"the database is written no faster than RATE",
		"P, a dead end: write chunks no faster than RATE (5MB/s), over all uploads,\n"
		"as to a slow disk; who writes waits, the database's lock in hand where it\n"
		"has one",
		&write_rate_hooks,
	},
};

/*
 * PicoShare's history: each row is the one before it with one more fix.  The
 * author's own last point still parsed the form in 1 MiB; `all-fixes` goes on
 * to the reader that streams, so that it means what it says: every behaviour off.
 */
#define OFF(id) [id] = "off"
#define ON(id) [id] = "on"
const struct preset presets[] = {
	{ "before-any-fix",
	  "the version that was killed every few days: form limit 32 MiB, all else as it began",
	  { [FORM_MEMORY] = "32MiB",
	    ON(KEEP_TEMP_FILES),
	    ON(CHUNK_QUERY_GE),
	    ON(SINGLE_TRANSACTION),
	    [VACUUM_INTERVAL] = "7h",
	    ON(NO_AUTOCHECKPOINT),
	    ON(EAGER_PURGE) } },
	{ "form-limit-1mib",
	  "P1 fixed as its author did: form limit 1 MiB instead of 32",
	  { [FORM_MEMORY] = "1MiB",
	    ON(KEEP_TEMP_FILES),
	    ON(CHUNK_QUERY_GE),
	    ON(SINGLE_TRANSACTION),
	    [VACUUM_INTERVAL] = "7h",
	    ON(NO_AUTOCHECKPOINT),
	    ON(EAGER_PURGE) } },
	{ "form-released",
	  "and P2 fixed: the temporary files of parsed forms are removed",
	  { [FORM_MEMORY] = "1MiB",
	    ON(CHUNK_QUERY_GE),
	    ON(SINGLE_TRANSACTION),
	    [VACUUM_INTERVAL] = "7h",
	    ON(NO_AUTOCHECKPOINT),
	    ON(EAGER_PURGE) } },
	{ "chunk-query-equal",
	  "and P3 fixed: chunks are read by key",
	  { [FORM_MEMORY] = "1MiB",
	    ON(SINGLE_TRANSACTION),
	    [VACUUM_INTERVAL] = "7h",
	    ON(NO_AUTOCHECKPOINT),
	    ON(EAGER_PURGE) } },
	{ "chunk-by-chunk",
	  "and P4 fixed: each chunk committed as it comes, which lets the purge (P7) see uploads in flight",
	  { [FORM_MEMORY] = "1MiB", [VACUUM_INTERVAL] = "7h", ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "no-vacuum",
	  "and P5 fixed: no VACUUM unless asked for",
	  { [FORM_MEMORY] = "1MiB", ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "safe-purge",
	  "and P7 fixed: the purge spares uploads in flight",
	  { [FORM_MEMORY] = "1MiB", ON(NO_AUTOCHECKPOINT) } },
	{ "checkpointed",
	  "and P6 fixed: the log is checkpointed; the form is still parsed first, in 1 MiB",
	  { [FORM_MEMORY] = "1MiB" } },
	{ "all-fixes", "every behaviour off: bodies stream into the database", { OFF(FORM_MEMORY) } },
	/* The upload service with two stacked leaks (H). */
	{ "uploads-before-any-fix",
	  "forms in up to 32 MiB of memory (H1) and a producer per upload, never closed (H2)",
	  { [FORM_MEMORY] = "32MiB", [EVENT_PRODUCER] = "unclosed" } },
	{ "uploads-form-to-disk",
	  "H1 fixed: every form goes to disk; producers are still never closed",
	  { [FORM_MEMORY] = "1B", [EVENT_PRODUCER] = "unclosed" } },
	{ "uploads-producer-closed",
	  "and H2 fixed: each producer is closed after its event",
	  { [FORM_MEMORY] = "1B", [EVENT_PRODUCER] = "closed" } },
	/* The security product that cleaned up behind one thread (C). */
	{ "cleanup-blocked",
	  "the clean-up thread waits 197 minutes for a share that does not answer (C1), unseen (C2)",
	  { ON(DEFERRED_CLEANUP), [BLOCKED_CLEANUP] = "197m" } },
	{ "cleanup-canary",
	  "C2 fixed: still blocked, but a canary every second shows it",
	  { ON(DEFERRED_CLEANUP), [BLOCKED_CLEANUP] = "197m", [CANARY] = "1s" } },
	{ "cleanup-unblocked",
	  "and C1 fixed: nothing blocks the clean-up thread",
	  { ON(DEFERRED_CLEANUP), [CANARY] = "1s" } },
	/* The monolith with a context per request (R). */
	{ "contexts-kept", "a context of 16 KiB per request, never deleted (R1)", { [REQUEST_CONTEXT] = "16KiB" } },
	{ "contexts-deleted",
	  "R1 fixed: deleted at the end of its request",
	  { [REQUEST_CONTEXT] = "16KiB", [CONTEXT_RELEASE] = "request" } },
	{ "contexts-purged",
	  "or fixed by a purge of what is older than a minute, twice the longest request",
	  { [REQUEST_CONTEXT] = "16KiB", [CONTEXT_PURGE] = "1m" } },
	{ "contexts-purged-early",
	  "a purge after 1 s, which takes the contexts of live requests",
	  { [REQUEST_CONTEXT] = "16KiB", [CONTEXT_PURGE] = "1s" } },
	{ 0 },
};
#undef OFF
#undef ON

void behaviour_options(struct option_row rows[BEHAVIOUR_COUNT], size_t base_offset)
{
	for (size_t i = 0; i < BEHAVIOUR_COUNT; i++) {
		const struct behaviour *b = &behaviours[i];
		rows[i] = (struct option_row){
			.name = b->name,
			.type = b->choices != NULL ? OPTION_CHOICE : OPTION_STRING,
			.offset = base_offset + offsetof(struct behaviour_texts, text) + i * sizeof(const char *),
			.argument = b->argument,
			.default_text = b->default_text,
			.choices = b->choices,
			.help = b->help,
		};
	}
}

const struct preset *preset_find(const char *name, struct error *err)
{
	struct nearest n;
	nearest_init(&n, name);
	for (const struct preset *p = presets; p->name != NULL; p++) {
		if (strcmp(p->name, name) == 0)
			return p;
		nearest_offer(&n, p->name);
	}
	error_set(err, ERROR_USAGE, "--preset: unknown preset '%s'%s%s%s", name, n.best ? "; did you mean '" : "",
		  n.best ? n.best : " (--list-presets lists them)", n.best ? "'?" : "");
	return NULL;
}

static int resolve_one(const struct behaviour *b, const char *text, uint64_t *out, struct error *err)
{
	int rc = 0;
	*out = 0;
	if (b->choices != NULL) {
		while (strcmp(b->choices[*out], text) != 0)
			(*out)++; /* the option parser has let only known words through */
	} else if (strcmp(text, "off") != 0) {
		rc = b->type == BEHAVIOUR_SIZE	 ? units_parse_size(text, out, err)
		     : b->type == BEHAVIOUR_RATE ? units_parse_rate(text, out, err)
						 : units_parse_duration(text, out, err);
		if (rc == 0 && *out == 0)
			rc = error_set(err, ERROR_USAGE, "'%s' is zero; say 'off' to switch it off", text);
	}
	if (rc != 0) {
		err->code = ERROR_USAGE;
		return error_prefix(err, "--%s", b->name);
	}
	return 0;
}

int behaviour_resolve(const struct behaviour_texts *texts, uint64_t values[BEHAVIOUR_COUNT], struct error *err)
{
	for (size_t i = 0; i < BEHAVIOUR_COUNT; i++)
		if (resolve_one(&behaviours[i], texts->text[i], &values[i], err) != 0)
			return -1;
	return 0;
}

json_t *behaviour_describe(void)
{
	json_t *preset_list = json_array();
	for (const struct preset *p = presets; p->name != NULL; p++) {
		json_t *values = json_object();
		for (size_t i = 0; i < BEHAVIOUR_COUNT; i++)
			json_object_set_new(values, behaviours[i].name,
					    json_string(p->values[i] ? p->values[i] : behaviours[i].default_text));
		json_array_append_new(preset_list, json_pack("{s:s, s:s, s:o}", "name", p->name, "summary", p->summary,
							     "behaviours", values));
	}
	json_t *behaviour_list = json_array();
	for (size_t i = 0; i < BEHAVIOUR_COUNT; i++) {
		const struct behaviour *b = &behaviours[i];
		json_array_append_new(behaviour_list,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", b->name, "row", b->row,
						"summary", b->summary, "default", b->default_text, "value", b->argument,
						"help", b->help));
	}
	return json_pack("{s:o, s:o}", "presets", preset_list, "behaviours", behaviour_list);
}
