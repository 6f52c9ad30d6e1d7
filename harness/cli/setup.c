#include "cli/setup.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/home.h"
#include "scenario/check_words.h"
#include "run/requirements.h"

static int set_key(struct scenario *s, const char *key, const char *value, struct error *err)
{
	if (value == NULL)
		return 0;
	char *assignment = xasprintf("%s=%s", key, value);
	int rc = scenario_set(s, assignment, err);
	free(assignment);
	return rc;
}

static int set_expect(struct scenario *s, const struct option_list *expect, struct error *err)
{
	struct buf list = BUF_INIT;
	for (size_t i = 0; i < expect->count; i++)
		buf_addf(&list, "%s%s", i ? "," : "expect=", expect->items[i]);
	int rc = scenario_set(s, buf_str(&list), err);
	buf_release(&list);
	return rc;
}

static int change(struct scenario *s, const struct setup *setup, struct error *err)
{
	int rc = set_key(s, "isolation", setup->isolation, err);
	if (rc == 0)
		rc = set_key(s, "memory", setup->memory, err);
	for (size_t i = 0; rc == 0 && i < setup->set->count; i++)
		rc = scenario_set(s, setup->set->items[i], err);
	if (rc == 0 && setup->expect != NULL && setup->expect->count > 0)
		rc = set_expect(s, setup->expect, err);
	if (rc == 0 && setup->command != NULL)
		scenario_set_command(s, setup->command);
	return rc;
}

int setup_scenario(struct scenario *s, const char *name, const struct setup *setup, struct error *err)
{
	char *path = home_scenario(name);
	int rc = scenario_load(s, path, err);
	free(path);
	if (rc != 0)
		return -1;
	if (change(s, setup, err) == 0 && scenario_check(s, err) == 0 && requirements_check(s, err) == 0 &&
	    check_program(s, err) == 0)
		return 0;
	scenario_release(s);
	return -1;
}
