#include "scenario/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "scenario/network.h"

struct outcome_words {
	const char *outcome;
	const char *causes[12]; /* NULL-terminated */
};

/* Every outcome the judge knows and its possible causes. */
static const struct outcome_words outcomes[] = {
	{ "crashed", { "oom-kill", "oom-child", "alloc-failure", "signal", "exit" } },
	{ "stalled", { "thrash", "hang", "no-victim" } },
	{ "grew", { "leak", "peak", "page-cache" } },
	{ "steady", { NULL } },
	{ "invalid", { "rig", "cap", "group", "start", "load", "disk", "samples", "evidence", "unproven" } },
};

#define OUTCOME_COUNT COUNT(outcomes)

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

/* A cause written without its outcome ("oom-kill") is the most likely slip. */
static const char *outcome_of_cause(const char *cause)
{
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		for (const char *const *c = outcomes[i].causes; *c != NULL; c++)
			if (strcmp(*c, cause) == 0)
				return outcomes[i].outcome;
	return NULL;
}

static int unknown_outcome(const char *text, struct error *err)
{
	const char *outcome = outcome_of_cause(text);
	if (outcome != NULL)
		return error_set(err, ERROR_INPUT, "'%s' is a cause without its outcome; did you mean '%s/%s'?", text,
				 outcome, text);
	const char *known[OUTCOME_COUNT + 1] = { NULL };
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		known[i] = outcomes[i].outcome;
	return words_unknown("outcome", text, known, err);
}

static int check_cause(const struct outcome_words *o, const char *cause, struct error *err)
{
	if (o->causes[0] == NULL)
		return error_set(err, ERROR_INPUT, "outcome '%s' has no causes, '%s/%s' cannot be expected", o->outcome,
				 o->outcome, cause);
	for (const char *const *c = o->causes; *c != NULL; c++)
		if (strcmp(*c, cause) == 0)
			return 0;
	struct buf what = BUF_INIT;
	buf_addf(&what, "cause of '%s'", o->outcome);
	words_unknown(buf_str(&what), cause, o->causes, err);
	buf_release(&what);
	return -1;
}

int words_check_expect(const char *text, struct error *err)
{
	size_t len = strcspn(text, "/");
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		const struct outcome_words *o = &outcomes[i];
		if (strlen(o->outcome) == len && memcmp(o->outcome, text, len) == 0)
			return text[len] == '\0' ? 0 : check_cause(o, text + len + 1, err);
	}
	char *outcome = xasprintf("%.*s", (int)len, text);
	unknown_outcome(outcome, err);
	free(outcome);
	return -1;
}

int words_check_network(const char *text, struct error *err)
{
	if (network_find(text) != NULL)
		return 0;
	const char *known[32] = { NULL };
	for (size_t i = 0; network_presets[i].name != NULL && i + 1 < COUNT(known); i++)
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
