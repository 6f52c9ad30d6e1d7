#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/units.h"
#include "target/netns.h"
#include "target/probe.h"
#include "target/session.h"
#include "target/trampoline.h"

#define READY_RETRY_MS 10
#define READY_PROBE_TIMEOUT_NS (2 * NS_PER_S)
#define VALUES_MAX 16

struct target {
	struct target_options options;
	const struct server_spec *spec; /* borrowed from the scenario */

	struct template_value values[VALUES_MAX];
	struct template_scope scope;
	char port_text[8], debug_port_text[8], seed_text[24];
	char *bin_dir, *scenario_dir, *base_url;
	struct string_list command; /* templates filled */
	struct target_access access;

	uv_process_t process;
	uv_pipe_t exec_pipe; /* what the trampoline has to say */
	struct buf exec_error;
	uv_timer_t timer; /* readiness first, then the stop deadline */
	uv_timer_t watch_timer;
	int handles; /* open libuv handles */
	bool spawned, exec_known, ready, stopping, exit_seen, exited;
	struct target_exit exit;
	uint64_t ready_deadline_ns;

	struct probe start_probe; /* readiness, then login */
	struct probe health_probe, debug_probe;
	bool login_sent;
	uint64_t silent_since_ns; /* first health probe without an answer since; 0: none */
	uint64_t longest_silence_ns;

	void (*closed)(void *arg);
	void *closed_arg;
};

static void fail(struct target *t, enum error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct target *t, enum error_code code, const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_set(&err, code, "%s", text);
	uv_timer_stop(&t->timer);
	t->options.callbacks.failed(t->options.callbacks.arg, &err);
}

/* ---- what the server is told ------------------------------------------- */

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

static int resolve_values(struct target *t, struct error *err)
{
	uint64_t port = t->spec->port, debug_port;
	if ((port == 0 && free_port(&port, err) != 0) || free_port(&debug_port, err) != 0)
		return -1;
	snprintf(t->port_text, sizeof(t->port_text), "%u", (unsigned)port);
	snprintf(t->debug_port_text, sizeof(t->debug_port_text), "%u", (unsigned)debug_port);
	snprintf(t->seed_text, sizeof(t->seed_text), "%llu", (unsigned long long)t->options.scenario->seed);
	t->bin_dir = folder_of(t->options.self_exe);
	t->scenario_dir = folder_of(t->options.scenario->path ? t->options.scenario->path : "./-");
	t->base_url = xasprintf("%s://%s:%s", t->spec->scheme, t->spec->host, t->port_text);
	struct template_value values[] = {
		{ "port", t->port_text },
		{ "debug_port", t->debug_port_text },
		{ "host", t->spec->host },
		{ "data", t->options.data_dir },
		{ "tmp", t->options.tmp_dir },
		{ "scenario_dir", t->scenario_dir },
		{ "bin", t->bin_dir },
		{ "preset", t->spec->preset },
		{ "seed", t->seed_text },
		{ NULL, NULL },
	};
	size_t kept = 0;
	for (size_t i = 0; values[i].name != NULL; i++)
		if (values[i].value != NULL)
			t->values[kept++] = values[i];
	t->scope.values = t->values;
	return 0;
}

static int expand(struct target *t, const char *text, char **out, struct error *err)
{
	struct buf b = BUF_INIT;
	if (template_expand(text, &t->scope, &b, err) != 0) {
		buf_release(&b);
		return -1;
	}
	*out = buf_detach(&b);
	return 0;
}

static void command_push(struct target *t, char *word)
{
	t->command.items = xrealloc(t->command.items, (t->command.count + 2) * sizeof(char *));
	t->command.items[t->command.count++] = word;
	t->command.items[t->command.count] = NULL;
}

static int command_expand(struct target *t, const struct string_list *words, struct error *err)
{
	for (size_t i = 0; i < words->count; i++) {
		char *word;
		if (expand(t, words->items[i], &word, err) != 0)
			return error_prefix(err, "server command");
		command_push(t, word);
	}
	return 0;
}

static int build_command(struct target *t, struct error *err)
{
	if (command_expand(t, &t->spec->command, err) != 0)
		return -1;
	for (size_t i = 0; i < t->spec->behaviours.count; i++) {
		command_push(t, xasprintf("--%s", t->spec->behaviours.items[i].key));
		command_push(t, xstrdup(t->spec->behaviours.items[i].value));
	}
	if (command_expand(t, &t->spec->args, err) != 0)
		return -1;
	if (t->command.count == 0)
		return error_set(err, ERROR_INPUT, "the scenario names no server command");
	return 0;
}

int target_new(struct target **out, const struct target_options *options, struct error *err)
{
	struct target *t = xcalloc(1, sizeof(*t));
	t->options = *options;
	t->spec = &options->scenario->server;
	t->access = (struct target_access){ .spec = t->spec, .scope = &t->scope, .netns_fd = -1 };
	*out = t;
	if (resolve_values(t, err) != 0 || build_command(t, err) != 0)
		return -1;
	t->access.base_url = t->base_url;
	return 0;
}

const struct target_access *target_access(const struct target *t)
{
	return &t->access;
}

pid_t target_pid(const struct target *t)
{
	return t->spawned ? t->process.pid : 0;
}

json_t *target_command(const struct target *t)
{
	json_t *words = json_array();
	for (size_t i = 0; i < t->command.count; i++)
		json_array_append_new(words, json_string(t->command.items[i]));
	return words;
}

/* ---- ready, login ------------------------------------------------------- */

static void try_ready(struct target *t);

static void on_ready_timer(uv_timer_t *timer)
{
	try_ready(timer->data);
}

static void become_ready(struct target *t)
{
	uv_timer_stop(&t->timer);
	t->ready = true;
	t->options.callbacks.ready(t->options.callbacks.arg);
}

static void retry_ready(struct target *t, const char *why)
{
	if (t->stopping || t->exit_seen)
		return;
	if (clock_ns() >= t->ready_deadline_ns) {
		char text[UNITS_TEXT_MAX];
		fail(t, ERROR_TARGET, "the server was not ready after %s: %s",
		     units_format_duration(t->spec->ready_timeout_ns, text), why);
		return;
	}
	uv_timer_start(&t->timer, on_ready_timer, READY_RETRY_MS, 0);
}

static void login(struct target *t)
{
	struct error err = ERROR_INIT;
	if (t->spec->login.path == NULL) {
		become_ready(t);
		return;
	}
	t->login_sent = true;
	if (probe_send(&t->start_probe, &t->access, &t->spec->login, READY_PROBE_TIMEOUT_NS, false, &err) != 0)
		fail(t, err.code, "login: %s", err.message);
}

static void on_start_probe(struct probe *p, long status, const char *detail)
{
	struct target *t = (struct target *)((char *)p - offsetof(struct target, start_probe));
	if (!t->login_sent) {
		bool up = t->spec->ready_kind == READY_TCP ? status == 1
							   : request_status_ok(t->spec->ready.status, status);
		char text[64];
		snprintf(text, sizeof(text), "it answers %ld", status);
		if (up)
			login(t);
		else
			retry_ready(t, status > 0 ? text : detail);
		return;
	}
	if (!request_status_ok(t->spec->login.status, status)) {
		fail(t, ERROR_TARGET, "the login was refused: status %ld (%s)", status, status ? "" : detail);
		return;
	}
	curl_easy_getinfo(p->transfer.easy, CURLINFO_COOKIELIST, &t->access.cookies);
	become_ready(t);
}

static bool log_contains(const struct target *t, const char *text)
{
	struct buf log = BUF_INIT;
	bool found = fs_read_file(t->options.log_path, &log, NULL) == 0 && strstr(buf_str(&log), text) != NULL;
	buf_release(&log);
	return found;
}

static void try_ready(struct target *t)
{
	struct error err = ERROR_INIT;
	if (t->spec->ready_kind == READY_LOG) {
		if (log_contains(t, t->spec->ready_log))
			login(t);
		else
			retry_ready(t, "its log does not show the text it becomes ready with");
		return;
	}
	struct request_spec root = { .method = (char *)"GET", .path = (char *)"/" };
	bool tcp_only = t->spec->ready_kind == READY_TCP;
	if (probe_send(&t->start_probe, &t->access, tcp_only ? &root : &t->spec->ready, READY_PROBE_TIMEOUT_NS,
		       tcp_only, &err) != 0)
		fail(t, err.code, "readiness: %s", err.message);
}

/* ---- start, exit -------------------------------------------------------- */

static void report_exit(struct target *t)
{
	if (!t->exit_seen || !t->exec_known || t->exited)
		return;
	t->exited = true;
	uv_timer_stop(&t->timer);
	uv_timer_stop(&t->watch_timer);
	t->options.callbacks.exited(t->options.callbacks.arg, &t->exit);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct target *t = process->data;
	t->exit = (struct target_exit){ .t_ns = clock_ns(), .exit_code = status, .signal = signal };
	t->exit_seen = true;
	report_exit(t);
}

static void exec_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	*out = uv_buf_init(xmalloc(suggested), (unsigned)suggested);
}

/* The trampoline's pipe: text is a failure, the end of file without text means exec succeeded. */
static void on_exec_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
	struct target *t = stream->data;
	if (n > 0)
		buf_add(&t->exec_error, data->base, (size_t)n);
	free(data->base);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	t->exec_known = true;
	struct error err = ERROR_INIT;
	if (t->exec_error.len > 0)
		fail(t, ERROR_ENVIRONMENT, "%s", buf_str(&t->exec_error));
	else if (t->spec->network_namespace && (t->access.netns_fd = netns_open(t->process.pid, &err)) < 0)
		fail(t, err.code, "%s", err.message);
	else {
		t->options.callbacks.started(t->options.callbacks.arg);
		if (!t->stopping && !t->exit_seen)
			try_ready(t);
	}
	report_exit(t);
}

static int write_files(struct target *t, struct error *err)
{
	for (size_t i = 0; i < t->spec->files.count; i++) {
		char *path = NULL, *text = NULL;
		int rc = expand(t, t->spec->files.items[i].key, &path, err);
		if (rc == 0)
			rc = expand(t, t->spec->files.items[i].value, &text, err);
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

static int build_env(struct target *t, char ***out, struct error *err)
{
	size_t inherited = 0, count = 0;
	while (environ[inherited] != NULL)
		inherited++;
	char **env = xcalloc(inherited + t->spec->env.count + 1, sizeof(char *));
	*out = env;
	for (size_t i = 0; i < t->spec->env.count; i++) {
		char *value;
		if (expand(t, t->spec->env.items[i].value, &value, err) != 0)
			return error_prefix(err, "server environment");
		env[count++] = xasprintf("%s=%s", t->spec->env.items[i].key, value);
		free(value);
	}
	/* getenv(3) finds the first of two: the scenario's own stand in front. */
	for (size_t i = 0; i < inherited; i++)
		env[count++] = xstrdup(environ[i]);
	return 0;
}

static void free_env(char **env)
{
	for (size_t i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

static int spawn(struct target *t, char **argv, char **env, struct error *err)
{
	int log = open(t->options.log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", t->options.log_path);
	uv_stdio_container_t stdio[TRAMPOLINE_ERROR_FD + 1] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&t->exec_pipe },
	};
	uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = argv[0],
		.args = argv,
		.env = env,
		.stdio = stdio,
		.stdio_count = TRAMPOLINE_ERROR_FD + 1,
		/* A session of its own: Ctrl-C on our terminal is for us, and its processes can be told by session. */
		.flags = UV_PROCESS_DETACHED,
	};
	t->process.data = t;
	int rc = uv_spawn(t->options.loop, &t->process, &options);
	t->handles++; /* uv_spawn() initialises the handle even when it fails */
	close(log);
	if (rc != 0)
		return error_set(err, ERROR_SYSTEM, "cannot start the server: %s", uv_strerror(rc));
	t->spawned = true;
	uv_read_start((uv_stream_t *)&t->exec_pipe, exec_buffer, on_exec_read);
	return 0;
}

static void init_handles(struct target *t)
{
	uv_pipe_init(t->options.loop, &t->exec_pipe, 0);
	uv_timer_init(t->options.loop, &t->timer);
	uv_timer_init(t->options.loop, &t->watch_timer);
	t->exec_pipe.data = t->timer.data = t->watch_timer.data = t;
	t->handles = 3;
}

static void on_health(struct probe *p, long status, const char *detail);
static void on_debug(struct probe *p, long status, const char *detail);

int target_start(struct target *t, struct error *err)
{
	init_handles(t);
	if (probe_init(&t->start_probe, t->options.http, on_start_probe, err) != 0 ||
	    probe_init(&t->health_probe, t->options.http, on_health, err) != 0 ||
	    probe_init(&t->debug_probe, t->options.http, on_debug, err) != 0 || write_files(t, err) != 0)
		return -1;
	char *cwd = NULL;
	if (expand(t, t->spec->cwd ? t->spec->cwd : "{data}", &cwd, err) != 0)
		return -1;
	struct trampoline_options trampoline = {
		.backend = t->options.isolation->backend->name,
		.group = t->options.isolation->name,
		.cwd = cwd,
		.ram_data = t->options.scenario->data == FOLDER_RAM ? t->options.data_dir : NULL,
		.ram_tmp = t->options.scenario->tmp == FOLDER_RAM ? t->options.tmp_dir : NULL,
		.network_namespace = t->spec->network_namespace,
	};
	char **argv = trampoline_argv(t->options.self_exe, &trampoline, t->command.items);
	char **env = NULL;
	int rc = build_env(t, &env, err);
	if (rc == 0)
		rc = spawn(t, argv, env, err);
	t->ready_deadline_ns = clock_ns() + t->spec->ready_timeout_ns;
	free_env(env);
	trampoline_free_argv(argv);
	free(cwd);
	return rc;
}

/* ---- watch -------------------------------------------------------------- */

static void note_silence(struct target *t, uint64_t since_ns)
{
	uint64_t silence = clock_ns() - since_ns;
	if (silence > t->longest_silence_ns)
		t->longest_silence_ns = silence;
}

static void on_health(struct probe *p, long status, const char *detail)
{
	struct target *t = (struct target *)((char *)p - offsetof(struct target, health_probe));
	(void)detail;
	if (t->silent_since_ns == 0)
		t->silent_since_ns = p->sent_ns;
	note_silence(t, t->silent_since_ns);
	if (status != 0) /* any answer is a sign of life */
		t->silent_since_ns = 0;
}

static void on_debug(struct probe *p, long status, const char *detail)
{
	struct target *t = (struct target *)((char *)p - offsetof(struct target, debug_probe));
	(void)detail;
	if (request_status_ok(t->spec->debug.status, status))
		t->options.callbacks.figures(t->options.callbacks.arg, p->sent_ns, p->answer.data, p->answer.len);
}

static void watch_one(struct target *t, struct probe *p, const struct request_spec *spec)
{
	struct error err = ERROR_INIT;
	if (spec->path == NULL || p->busy)
		return;
	uint64_t deadline = t->spec->health_deadline_ns;
	if (probe_send(p, &t->access, spec, deadline, false, &err) != 0)
		log_debug("probe: %s", err.message);
}

static void on_watch_timer(uv_timer_t *timer)
{
	struct target *t = timer->data;
	watch_one(t, &t->health_probe, &t->spec->health);
	watch_one(t, &t->debug_probe, &t->spec->debug);
}

void target_watch(struct target *t)
{
	uv_timer_start(&t->watch_timer, on_watch_timer, 0, t->options.probe_interval_ns / NS_PER_MS);
}

struct fact target_longest_silence_ns(const struct target *t)
{
	if (t->spec->health.path == NULL || !t->ready)
		return FACT_NONE;
	uint64_t longest = t->longest_silence_ns;
	uint64_t since = t->silent_since_ns ? t->silent_since_ns : t->health_probe.busy ? t->health_probe.sent_ns : 0;
	uint64_t now = clock_ns();
	if (since != 0 && !t->exit_seen && now - since > longest)
		longest = now - since;
	return fact_of(longest);
}

struct group_check {
	struct target *target;
	int result;
};

static void check_member(void *arg, pid_t pid)
{
	struct group_check *check = arg;
	struct isolation *iso = check->target->options.isolation;
	int inside = iso->backend->contains(iso, pid);
	/* Gone or on its way out: it says nothing.  One outside weighs more than one that cannot be read. */
	if (inside < 0 && !session_is_alive(pid))
		return;
	if (inside == 0 || (inside < 0 && check->result == 1))
		check->result = inside;
}

int target_all_in_group(const struct target *t)
{
	struct group_check check = { .target = (struct target *)(uintptr_t)t, .result = 1 };
	if (!t->spawned || session_for_each(t->process.pid, check_member, &check) < 0)
		return -1;
	return check.result;
}

/* ---- stop, close -------------------------------------------------------- */

static void send_signal(struct target *t, int signal)
{
	t->options.callbacks.before_signal(t->options.callbacks.arg, signal);
	uv_process_kill(&t->process, signal);
}

static void on_stop_deadline(uv_timer_t *timer)
{
	send_signal(timer->data, SIGKILL);
}

void target_stop(struct target *t, bool gentle)
{
	if (!t->spawned || t->exit_seen)
		return;
	uv_timer_stop(&t->watch_timer);
	uv_timer_stop(&t->timer);
	if (t->start_probe.busy)
		http_client_remove(t->start_probe.http, &t->start_probe.transfer);
	t->start_probe.busy = false;
	t->stopping = true;
	send_signal(t, gentle ? SIGTERM : SIGKILL);
	if (gentle)
		uv_timer_start(&t->timer, on_stop_deadline, t->spec->stop_timeout_ns / NS_PER_MS, 0);
}

static void target_free(struct target *t)
{
	void (*closed)(void *arg) = t->closed;
	void *arg = t->closed_arg;
	if (t->access.netns_fd >= 0)
		close(t->access.netns_fd);
	curl_slist_free_all(t->access.cookies);
	for (size_t i = 0; i < t->command.count; i++)
		free(t->command.items[i]);
	free(t->command.items);
	free(t->bin_dir);
	free(t->scenario_dir);
	free(t->base_url);
	buf_release(&t->exec_error);
	free(t);
	if (closed != NULL)
		closed(arg);
}

static void on_closed(uv_handle_t *handle)
{
	struct target *t = handle->data;
	if (--t->handles == 0)
		target_free(t);
}

void target_close(struct target *t, void (*closed)(void *arg), void *arg)
{
	t->closed = closed;
	t->closed_arg = arg;
	if (t->handles == 0) { /* never started */
		target_free(t);
		return;
	}
	probe_release(&t->start_probe);
	probe_release(&t->health_probe);
	probe_release(&t->debug_probe);
	uv_handle_t *handles[] = { (uv_handle_t *)&t->exec_pipe, (uv_handle_t *)&t->timer,
				   (uv_handle_t *)&t->watch_timer, (uv_handle_t *)&t->process };
	int count = t->handles;
	for (int i = 0; i < count; i++)
		uv_close(handles[i], on_closed);
}
