/*
 * launch - what the server is started with: ports, templates, words, files,
 * environment.  Resolved once, so that a server that is started again finds the
 * same ports, folders and words.
 *
 * Life cycle: launch_init() (picks free ports), launch_write_files() before the
 * first start, launch_env() and launch_cwd() for each, launch_release().  Main
 * thread.
 */
#ifndef OOMRIG_TARGET_LAUNCH_H
#define OOMRIG_TARGET_LAUNCH_H

#include "base/error.h"
#include "scenario/scenario.h"
#include "http/template.h"

#define LAUNCH_VALUES_MAX 16

struct launch_options { /* borrowed until launch_release() */
	const struct scenario *scenario;
	const char *data_dir, *tmp_dir;
};

struct launch {
	const struct server_spec *spec; /* borrowed from the scenario */
	struct template_value values[LAUNCH_VALUES_MAX];
	struct template_scope scope; /* of all that requests may name too */
	char port_text[8], debug_port_text[8], seed_text[24];
	char *bin_dir, *scenario_dir, *base_url;
	const char *data_dir;	    /* borrowed */
	struct string_list command; /* templates filled */
};

/* Release it in either case. */
int launch_init(struct launch *l, const struct launch_options *options, struct error *err);
int launch_write_files(const struct launch *l, struct error *err);

/* The mark, the scenario's own, ours; free with launch_free_env(), after an error too. */
int launch_env(const struct launch *l, char ***out, struct error *err);
void launch_free_env(char **env);

/* Heap. */
int launch_cwd(const struct launch *l, char **out, struct error *err);
void launch_release(struct launch *l);

#endif
