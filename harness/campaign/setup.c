#include "campaign/setup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/home.h"
#include "base/log.h"
#include "run/requirements.h"
#include "scenario/check_words.h"
#include "scenario/folder.h"

static bool is_standard_input(const char *name)
{
	return strcmp(name, "-") == 0;
}

/* An option that stands for the key of its name; value NULL: not given. */
static int set_option(struct scenario *s, const char *name, const char *value, struct error *err)
{
	return value == NULL || scenario_set_key(s, name, value, err) == 0 ? 0 : error_prefix(err, "--%s", name);
}

static int set_expect(struct scenario *s, const struct option_list *expect, struct error *err)
{
	struct buf list = BUF_INIT;
	for (size_t i = 0; i < expect->count; i++)
		buf_addf(&list, "%s%s", i ? "," : "", expect->items[i]);
	int rc = scenario_set_key(s, "expect", buf_str(&list), err);
	buf_release(&list);
	return rc == 0 ? 0 : error_prefix(err, "--expect");
}

static int change(struct scenario *s, const struct setup *setup, struct error *err)
{
	int rc = set_option(s, "isolation", setup->isolation, err);
	if (rc == 0)
		rc = set_option(s, "memory", setup->memory, err);
	for (size_t i = 0; rc == 0 && i < setup->set->count; i++)
		rc = scenario_set(s, setup->set->items[i], err);
	if (rc == 0 && setup->expect != NULL && setup->expect->count > 0)
		rc = set_expect(s, setup->expect, err);
	if (rc == 0 && setup->command != NULL)
		scenario_set_command(s, setup->command);
	return rc;
}

/* Its relative paths begin in the working folder, as if it were a file there. */
static int read_standard_input(struct scenario *s, struct error *err)
{
	struct buf text = BUF_INIT;
	int rc = fs_read_file("/dev/stdin", &text, err);
	if (rc == 0)
		rc = scenario_parse(s, "standard-input", buf_str(&text), text.len, err);
	else
		err->code = ERROR_INPUT;
	buf_release(&text);
	return rc;
}

static int load(struct scenario *s, const char *name, struct error *err)
{
	if (is_standard_input(name))
		return read_standard_input(s, err);
	char *path = home_scenario(name);
	int rc = scenario_load(s, path, err);
	free(path);
	return rc;
}

static void warn(const struct scenario *s)
{
	struct buf words = BUF_INIT;
	check_relative_words(s, &words);
	if (words.len > 0)
		log_warning("%s", buf_str(&words));
	buf_release(&words);
}

int setup_scenario(struct scenario *s, const char *name, const struct setup *setup, struct error *err)
{
	if (load(s, name, err) != 0)
		return -1;
	if (change(s, setup, err) == 0 && scenario_check(s, err) == 0 && requirements_check(s, err) == 0 &&
	    check_program(s, err) == 0) {
		warn(s);
		return 0;
	}
	scenario_release(s);
	return -1;
}

static int add_paths(struct string_list *paths, const char *name, struct error *err)
{
	size_t before = paths->count;
	struct stat st;
	char *path = is_standard_input(name) ? xstrdup(name) : home_scenario(name);
	int rc = 0;
	if (is_standard_input(name) || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		scenario_folder_add(paths, path);
	else
		rc = scenario_folder_find(path, paths, err);
	free(path);
	if (rc == 0 && paths->count == before)
		rc = error_set(err, ERROR_USAGE, "no scenario in the folder '%s'", name);
	return rc;
}

int setup_scenarios(struct setup_scenarios *out, char *const *names, const struct setup *setup, struct error *err)
{
	struct string_list paths = { 0 };
	int rc = 0;
	*out = (struct setup_scenarios){ 0 };
	for (size_t i = 0; rc == 0 && names[i] != NULL; i++)
		rc = add_paths(&paths, names[i], err);
	if (rc == 0 && paths.count == 0)
		rc = error_set(err, ERROR_USAGE, "no scenario given; 'oomrig list' names the ones that come with it");
	out->items = xcalloc(paths.count + 1, sizeof(*out->items));
	while (rc == 0 && out->count < paths.count) {
		rc = setup_scenario(&out->items[out->count], paths.items[out->count], setup, err);
		out->count += rc == 0;
	}
	scenario_folder_release(&paths);
	return rc;
}

void setup_release(struct setup_scenarios *scenarios)
{
	for (size_t i = 0; i < scenarios->count; i++)
		scenario_release(&scenarios->items[i]);
	free(scenarios->items);
}
