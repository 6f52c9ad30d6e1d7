#include "scenario/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "facts/words.h"
#include "scenario/network.h"

#define WORDS_MAX 32

int words_unknown(const char *what, const char *text, const char *const *known, struct error *err)
{
	struct buf names = BUF_INIT;
	struct nearest n;
	nearest_init(&n, text);
	for (; *known != NULL; known++) {
		nearest_offer(&n, *known);
		buf_addf(&names, "%s%s", names.len == 0 ? "" : ", ", *known);
	}
	error_set(err, ERROR_INPUT, "unknown %s '%s' (known: %s)%s%s%s", what, text, buf_str(&names),
		  n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
	buf_release(&names);
	return -1;
}

/* The causes of an outcome, or (cause false) the outcomes; those that a scenario may expect. */
static const char *const *expectable(enum outcome outcome, bool cause, const char *known[WORDS_MAX + 1])
{
	size_t count = 0;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL && count < WORDS_MAX; row++) {
		if (!row->expectable || (row->cause != NULL) != cause || (cause && row->outcome != outcome))
			continue;
		known[count++] = cause ? row->cause : outcome_names[row->outcome];
	}
	known[count] = NULL;
	return known;
}

static int unknown_outcome(const char *text, struct error *err)
{
	const char *known[WORDS_MAX + 1];
	/* A cause written without its outcome ("oom-kill") is the most likely slip. */
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++)
		if (row->cause != NULL && strcmp(row->cause, text) == 0)
			return error_set(err, ERROR_INPUT, "'%s' is a cause without its outcome; did you mean '%s/%s'?",
					 text, outcome_names[row->outcome], text);
	return words_unknown("outcome", text, expectable(OUTCOME_UNKNOWN, false, known), err);
}

static int unknown_cause(enum outcome outcome, const char *cause, struct error *err)
{
	const char *name = outcome_names[outcome], *known[WORDS_MAX + 1];
	if (expectable(outcome, true, known)[0] == NULL)
		return error_set(err, ERROR_INPUT, "outcome '%s' has no causes, '%s/%s' cannot be expected", name, name,
				 cause);
	char *what = xasprintf("cause of '%s'", name);
	words_unknown(what, cause, known, err);
	free(what);
	return -1;
}

int words_check_expect(const char *text, struct error *err)
{
	size_t len = strcspn(text, "/");
	const char *cause = text[len] == '\0' ? NULL : text + len + 1;
	char *name = xasprintf("%.*s", (int)len, text);
	enum outcome outcome = outcome_find(name);
	const struct outcome_row *plain = outcome_row_find(outcome, NULL), *row = outcome_row_find(outcome, cause);
	int rc = 0;
	if (plain == NULL || !plain->expectable)
		rc = unknown_outcome(name, err);
	else if (row == NULL || !row->expectable)
		rc = unknown_cause(outcome, cause, err);
	free(name);
	return rc;
}

int words_check_network(const char *text, struct error *err)
{
	if (network_find(text) != NULL)
		return 0;
	const char *known[WORDS_MAX + 1] = { NULL };
	for (size_t i = 0; network_presets[i].name != NULL && i < WORDS_MAX; i++)
		known[i] = network_presets[i].name;
	return words_unknown("network", text, known, err);
}

int words_check_requirement(const char *text, struct error *err)
{
	static const char *const known[] = { "swap", NULL };
	return strcmp(text, known[0]) == 0 ? 0 : words_unknown("requirement", text, known, err);
}

int words_check_json_pointer(const char *text, struct error *err)
{
	if (text[0] == '/')
		return 0;
	return error_set(err, ERROR_INPUT, "'%s' is not a JSON pointer (such as /id or /entry/id)", text);
}
