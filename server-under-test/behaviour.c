#include "behaviour.h"

#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

static const char *const switch_words[] = { "off", "on", NULL };
static const char *const temp_stores[] = { "file", "memory", NULL };

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
};

/*
 * PicoShare's history: each row is the one before it with one more fix.  The
 * author's own last point still parsed the form in 1 MiB; `all-fixes` goes on
 * to the reader that streams, so that it means what it says: every behaviour off.
 */
#define OFF(id) [id] = "off"
#define ON(id) [id] = "on"
const struct preset presets[] = {
	{ "before-any-fix", "the version that was killed every few days: form limit 32 MiB, all else as it began",
	  { [FORM_MEMORY] = "32MiB", ON(KEEP_TEMP_FILES), ON(CHUNK_QUERY_GE), ON(SINGLE_TRANSACTION),
	    [VACUUM_INTERVAL] = "7h", ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "form-limit-1mib", "P1 fixed as its author did: form limit 1 MiB instead of 32",
	  { [FORM_MEMORY] = "1MiB", ON(KEEP_TEMP_FILES), ON(CHUNK_QUERY_GE), ON(SINGLE_TRANSACTION),
	    [VACUUM_INTERVAL] = "7h", ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "form-released", "and P2 fixed: the temporary files of parsed forms are removed",
	  { [FORM_MEMORY] = "1MiB", ON(CHUNK_QUERY_GE), ON(SINGLE_TRANSACTION), [VACUUM_INTERVAL] = "7h",
	    ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "chunk-query-equal", "and P3 fixed: chunks are read by key",
	  { [FORM_MEMORY] = "1MiB", ON(SINGLE_TRANSACTION), [VACUUM_INTERVAL] = "7h", ON(NO_AUTOCHECKPOINT),
	    ON(EAGER_PURGE) } },
	{ "chunk-by-chunk",
	  "and P4 fixed: each chunk committed as it comes, which lets the purge (P7) see uploads in flight",
	  { [FORM_MEMORY] = "1MiB", [VACUUM_INTERVAL] = "7h", ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "no-vacuum", "and P5 fixed: no VACUUM unless asked for",
	  { [FORM_MEMORY] = "1MiB", ON(NO_AUTOCHECKPOINT), ON(EAGER_PURGE) } },
	{ "safe-purge", "and P7 fixed: the purge spares uploads in flight",
	  { [FORM_MEMORY] = "1MiB", ON(NO_AUTOCHECKPOINT) } },
	{ "checkpointed", "and P6 fixed: the log is checkpointed; the form is still parsed first, in 1 MiB",
	  { [FORM_MEMORY] = "1MiB" } },
	{ "all-fixes", "every behaviour off: bodies stream into the database", { OFF(FORM_MEMORY) } },
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
		rc = b->type == BEHAVIOUR_SIZE ? units_parse_size(text, out, err)
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
						"summary", b->summary, "default", b->default_text, "value",
						b->argument, "help", b->help));
	}
	return json_pack("{s:o, s:o}", "presets", preset_list, "behaviours", behaviour_list);
}
