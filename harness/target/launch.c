#include "target/launch.h"

#include <errno.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/home.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mask.h"
#include "target/mark.h"

/* A free TCP port on loopback.  It is free a moment later too, unless somebody else binds it on purpose. */
static int free_port(uint64_t *out, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		error_set_errno(err, ERROR_SYSTEM, errno, "cannot find a free port on loopback");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	*out = ntohs(address.sin_port);
	return 0;
}

static char *folder_of(const char *path)
{
	char *copy = xstrdup(path);
	char *folder = xstrdup(dirname(copy));
	free(copy);
	return folder;
}

/* The server starts elsewhere: a name relative to our folder would not reach it. */
static char *absolute_folder_of(const char *path)
{
	char *folder = folder_of(path), *absolute = realpath(folder, NULL);
	if (absolute == NULL)
		return folder;
	free(folder);
	return absolute;
}

static int resolve_values(struct launch *l, const struct launch_options *options, struct error *err)
{
	uint64_t port = l->spec->port, debug_port;
	if ((port == 0 && free_port(&port, err) != 0) || free_port(&debug_port, err) != 0)
		return -1;
	snprintf(l->port_text, sizeof(l->port_text), "%u", (unsigned)port);
	snprintf(l->debug_port_text, sizeof(l->debug_port_text), "%u", (unsigned)debug_port);
	snprintf(l->seed_text, sizeof(l->seed_text), "%llu", (unsigned long long)options->scenario->seed);
	l->bin_dir = home_folder(err);
	if (l->bin_dir == NULL)
		return -1;
	l->data_dir = options->data_dir;
	l->scenario_dir = absolute_folder_of(options->scenario->path ? options->scenario->path : "./-");
	l->base_url = xasprintf("%s://%s:%s", l->spec->scheme, l->spec->host, l->port_text);
	struct template_value values[] = {
		{ "port", l->port_text },
		{ "debug_port", l->debug_port_text },
		{ "host", l->spec->host },
		{ "data", options->data_dir },
		{ "tmp", options->tmp_dir },
		{ "scenario_dir", l->scenario_dir },
		{ "bin", l->bin_dir },
		{ "preset", l->spec->preset != NULL ? l->spec->preset : "" },
		{ "source", options->scenario->source },
		{ "seed", l->seed_text },
		{ NULL, NULL },
	};
	size_t kept = 0;
	for (size_t i = 0; values[i].name != NULL; i++)
		if (values[i].value != NULL)
			l->values[kept++] = values[i];
	l->scope.values = l->values;
	return 0;
}

static int expand(const struct launch *l, const char *text, char **out, struct error *err)
{
	struct buf b = BUF_INIT;
	if (template_expand(text, &l->scope, &b, err) != 0) {
		buf_release(&b);
		return -1;
	}
	*out = buf_detach(&b);
	return 0;
}

static void command_push(struct launch *l, char *word)
{
	l->command.items = xrealloc(l->command.items, (l->command.count + 2) * sizeof(char *));
	l->command.items[l->command.count++] = word;
	l->command.items[l->command.count] = NULL;
}

static int command_expand(struct launch *l, const struct string_list *words, struct error *err)
{
	for (size_t i = 0; i < words->count; i++) {
		char *word;
		if (expand(l, words->items[i], &word, err) != 0)
			return error_prefix(err, "server command");
		command_push(l, word);
	}
	return 0;
}

static int build_command(struct launch *l, struct error *err)
{
	if (command_expand(l, &l->spec->command, err) != 0)
		return -1;
	for (size_t i = 0; i < l->spec->behaviours.count; i++) {
		command_push(l, xasprintf("--%s", l->spec->behaviours.items[i].key));
		command_push(l, xstrdup(l->spec->behaviours.items[i].value));
	}
	if (command_expand(l, &l->spec->args, err) != 0)
		return -1;
	if (l->command.count == 0)
		return error_set(err, ERROR_INPUT, "the scenario names no server command");
	mask_learn_words((const char *const *)l->command.items, l->command.count);
	return 0;
}

int launch_init(struct launch *l, const struct launch_options *options, struct error *err)
{
	memset(l, 0, sizeof(*l));
	l->spec = &options->scenario->server;
	return resolve_values(l, options, err) != 0 || build_command(l, err) != 0 ? -1 : 0;
}

int launch_write_files(const struct launch *l, struct error *err)
{
	for (size_t i = 0; i < l->spec->files.count; i++) {
		char *path = NULL, *text = NULL;
		int rc = expand(l, l->spec->files.items[i].key, &path, err);
		if (rc == 0)
			rc = expand(l, l->spec->files.items[i].value, &text, err);
		if (rc == 0) {
			char *folder = folder_of(path);
			rc = fs_make_dirs(folder, err);
			free(folder);
		}
		if (rc == 0)
			rc = fs_write_file(path, text, strlen(text), err);
		free(path);
		free(text);
		if (rc != 0)
			return error_prefix(err, "server files");
	}
	return 0;
}

int launch_env(const struct launch *l, char ***out, struct error *err)
{
	size_t inherited = 0, count = 0;
	while (environ[inherited] != NULL)
		inherited++;
	char **env = xcalloc(inherited + l->spec->env.count + 2, sizeof(char *));
	*out = env;
	/* getenv(3) finds the first of two: ours, then the scenario's own, then what the rig was given. */
	env[count++] = mark_new(l->data_dir);
	for (size_t i = 0; i < l->spec->env.count; i++) {
		char *value;
		if (expand(l, l->spec->env.items[i].value, &value, err) != 0)
			return error_prefix(err, "server environment");
		mask_learn_entry(l->spec->env.items[i].key, value);
		env[count++] = xasprintf("%s=%s", l->spec->env.items[i].key, value);
		free(value);
	}
	for (size_t i = 0; i < inherited; i++)
		env[count++] = xstrdup(environ[i]);
	return 0;
}

void launch_free_env(char **env)
{
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

int launch_cwd(const struct launch *l, char **out, struct error *err)
{
	return expand(l, l->spec->cwd ? l->spec->cwd : "{data}", out, err);
}

void launch_release(struct launch *l)
{
	for (size_t i = 0; i < l->command.count; i++)
		free(l->command.items[i]);
	free(l->command.items);
	free(l->bin_dir);
	free(l->scenario_dir);
	free(l->base_url);
}
