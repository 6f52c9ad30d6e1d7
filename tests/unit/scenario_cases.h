/*
 * scenario_cases - what the unit tests of scenarios share: text read as a scenario,
 * one that can be run, and a look at what it says.  Included after cmocka.h; a
 * program need not use all of it.
 */
#ifndef OOMRIG_TESTS_SCENARIO_CASES_H
#define OOMRIG_TESTS_SCENARIO_CASES_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "scenario/scenario.h"
#include "expect.h"

#define UNUSED __attribute__((unused))

UNUSED static const char runnable[] = "server:\n"
				      "  command: [serve, \"{preset}\"]\n"
				      "  preset: old\n"
				      "  upload: {path: /up}\n"
				      "  download: {path: \"/{id}\"}\n"
				      "load:\n"
				      "- {name: tabs, size: 618MB, clients: 3}\n"
				      "- {name: phones, size: 1MB, network: fast-3g}\n";

UNUSED static int parse(struct scenario *s, const char *text, struct error *err)
{
	return scenario_parse(s, "t.yaml", text, strlen(text), err);
}

/* The value of a dotted path in a dump: a number in decimal, text as it is. */
static char *dumped(const struct scenario *s, const char *path)
{
	json_t *root = scenario_dump(s);
	json_t *at = root;
	char *copy = xstrdup(path), *rest = copy;
	for (char *word = strsep(&rest, "."); word != NULL && at != NULL; word = strsep(&rest, "."))
		at = json_is_array(at) ? json_array_get(at, strtoul(word, NULL, 10)) : json_object_get(at, word);
	char *json = at == NULL ? xstrdup("(missing)") : json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT);
	free(copy);
	json_decref(root);
	return json;
}

UNUSED static void expect_dumped(const struct scenario *s, const char *path, const char *expected)
{
	char *got = dumped(s, path);
	expect_text(path, got, expected);
	free(got);
}

#endif
