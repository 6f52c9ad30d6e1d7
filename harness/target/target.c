#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/open_files.h"
#include "base/text.h"
#include "base/units.h"
#include "isolation/proc_stat.h"
#include "target/internal.h"
#include "http/netns.h"
#include "target/session.h"
#include "target/strays.h"
#include "target/trampoline.h"

void target_fail(struct target *t, enum error_code code, const char *fmt, ...)
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

int target_new(struct target **out, const struct target_options *options, struct error *err)
{
	struct target *t = xcalloc(1, sizeof(*t));
	struct launch_options launch = { .scenario = options->scenario,
					 .data_dir = options->data_dir,
					 .tmp_dir = options->tmp_dir };
	t->exec_error = (struct buf)BUF_INIT;
	t->options = *options;
	t->spec = &options->scenario->server;
	t->access = (struct target_access){ .spec = t->spec, .scope = &t->launch.scope, .netns_fd = -1 };
	*out = t;
	if (launch_init(&t->launch, &launch, err) != 0)
		return -1;
	t->access.base_url = t->launch.base_url;
	return port_init(&t->port, t->spec, (uint16_t)atoi(t->launch.port_text), options->isolation, err);
}

const struct target_access *target_access(const struct target *t)
{
	return &t->access;
}

pid_t target_pid(const struct target *t)
{
	return t->pid;
}

json_t *target_command(const struct target *t)
{
	json_t *words = json_array();
	for (size_t i = 0; i < t->launch.command.count; i++)
		json_array_append_new(words, text_json(t->launch.command.items[i]));
	return words;
}

void target_settle_log(struct target *t, struct relay_totals *totals)
{
	*totals = (struct relay_totals){ 0 };
	if (t->relay != NULL)
		relay_settle(t->relay, totals);
}

/* ---- one life ----------------------------------------------------------- */

static void target_free(struct target *t)
{
	void (*closed)(void *arg) = t->closed;
	void *arg = t->closed_arg;
	if (t->access.netns_fd >= 0)
		close(t->access.netns_fd);
	curl_slist_free_all(t->access.cookies);
	launch_release(&t->launch);
	relay_stop(t->relay);
	buf_release(&t->exec_error);
	free(t);
	if (closed != NULL)
		closed(arg);
}

static void handle_closed(struct target *t)
{
	if (--t->handles == 0)
		target_free(t);
}

static void on_life_closed(uv_handle_t *handle)
{
	struct target_life *life = handle->data;
	struct target *t = life->target;
	if (--life->open > 0)
		return;
	free(life);
	handle_closed(t);
}

static void life_close(struct target *t)
{
	if (t->life == NULL)
		return;
	uv_close((uv_handle_t *)&t->life->exec_pipe, on_life_closed);
	uv_close((uv_handle_t *)&t->life->process, on_life_closed);
	t->life = NULL;
}

static void report_exit(struct target *t)
{
	if (!t->exit_seen || !t->exec_known || t->life == NULL)
		return;
	life_close(t);
	uv_timer_stop(&t->timer);
	watch_end(t);
	/* A probe that goes on would be answered by the next life. */
	probe_cancel(&t->start_probe);
	probe_cancel(&t->again_probe);
	probe_cancel(&t->health_probe);
	probe_cancel(&t->debug_probe);
	probe_cancel(&t->collect_probe);
	t->options.callbacks.exited(t->options.callbacks.arg, &t->exit);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct target *t = ((struct target_life *)process->data)->target;
	t->exit = (struct target_exit){ .t_ns = clock_ns(), .exit_code = status, .signal = signal };
	t->exit_seen = true;
	report_exit(t);
}

static void exec_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	*out = uv_buf_init(xmalloc(suggested), (unsigned)suggested);
}

static int find_netns(struct target *t, struct error *err)
{
	if (!t->spec->network_namespace)
		return 0;
	if (t->access.netns_fd >= 0)
		close(t->access.netns_fd);
	t->access.netns_fd = netns_open(t->pid, err);
	return t->access.netns_fd < 0 ? -1 : 0;
}

/* The trampoline's pipe: text is a failure, the end of file without text means exec succeeded. */
static void on_exec_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
	struct target *t = ((struct target_life *)stream->data)->target;
	if (n > 0)
		buf_add(&t->exec_error, data->base, (size_t)n);
	free(data->base);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	if (!t->stopping)
		uv_timer_stop(&t->timer);
	t->exec_known = true;
	struct error err = ERROR_INIT;
	if (t->exec_error.len > 0)
		target_fail(t, ERROR_ENVIRONMENT, "%s", buf_str(&t->exec_error));
	else if (find_netns(t, &err) != 0)
		target_fail(t, err.code, "%s", err.message);
	else {
		t->options.callbacks.started(t->options.callbacks.arg);
		if (!t->stopping && !t->exit_seen)
			ready_try(t);
	}
	report_exit(t);
}

/* ---- start -------------------------------------------------------------- */

/* A trampoline that somebody stops, or that waits for a file system, says nothing by itself. */
static void on_exec_deadline(uv_timer_t *timer)
{
	struct target *t = timer->data;
	char text[UNITS_TEXT_MAX];
	target_fail(t, ERROR_ENVIRONMENT, "process %d has not become the server within %s: is it stopped?", (int)t->pid,
		    units_format_duration(t->spec->ready_timeout_ns, text));
}

static int spawn(struct target *t, char **argv, char **env, struct error *err)
{
	int log = relay_fd(t->relay);
	if (t->pid != 0) {
		char *note = xasprintf("---- oomrig: pid %d has ended, started again ----\n", (int)t->pid);
		relay_new_life(t->relay, note);
		free(note);
	}
	struct target_life *life = xcalloc(1, sizeof(*life));
	life->target = t;
	life->process.data = life->exec_pipe.data = life;
	uv_pipe_init(t->options.loop, &life->exec_pipe, 0);
	uv_stdio_container_t stdio[TRAMPOLINE_ERROR_FD + 1] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&life->exec_pipe },
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
	int rc = uv_spawn(t->options.loop, &life->process, &options);
	life->open = 2; /* uv_spawn() initialises the handle even when it fails */
	t->life = life;
	t->handles++;
	if (rc != 0) {
		life_close(t);
		return error_set(err, ERROR_SYSTEM, "cannot start the server: %s", uv_strerror(rc));
	}
	t->pid = life->process.pid;
	uv_read_start((uv_stream_t *)&life->exec_pipe, exec_buffer, on_exec_read);
	uv_timer_start(&t->timer, on_exec_deadline, t->spec->ready_timeout_ns / NS_PER_MS, 0);
	return 0;
}

static int first_start(struct target *t, struct error *err)
{
	uv_timer_init(t->options.loop, &t->timer);
	uv_timer_init(t->options.loop, &t->watch_timer);
	lateness_init(&t->lateness, t->options.loop);
	t->timer.data = t->watch_timer.data = t;
	t->handles = 3;
	struct relay_options relay = {
		.path = t->options.log_path,
		.await = t->spec->ready_kind == READY_LOG ? t->spec->ready_log : NULL,
		.piece = t->options.callbacks.printed,
		.arg = t->options.callbacks.arg,
	};
	return relay_start(&t->relay, &relay, err) != 0 || ready_init(t, err) != 0 || watch_init(t, err) != 0 ||
			       launch_write_files(&t->launch, err) != 0
		       ? -1
		       : 0;
}

int target_start(struct target *t, struct error *err)
{
	if (t->handles == 0 && first_start(t, err) != 0)
		return -1;
	t->exec_known = t->exit_seen = t->ready = t->login_sent = false;
	t->silent_since_ns = 0;
	buf_clear(&t->exec_error);
	char *cwd = NULL;
	if (launch_cwd(&t->launch, &cwd, err) != 0)
		return -1;
	char rig[24], open_files[24];
	snprintf(rig, sizeof(rig), "%d", (int)getpid());
	snprintf(open_files, sizeof(open_files), "%llu", (unsigned long long)open_files_before());
	struct trampoline_options trampoline = {
		.rig = rig,
		.open_files = open_files_before() != 0 ? open_files : NULL,
		.backend = t->options.isolation->backend->name,
		.group = t->options.isolation->name,
		.cwd = cwd,
		.ram_data = t->options.scenario->data == FOLDER_RAM ? t->options.data_dir : NULL,
		.ram_tmp = t->options.scenario->tmp == FOLDER_RAM ? t->options.tmp_dir : NULL,
		.network_namespace = t->spec->network_namespace,
	};
	char **argv = trampoline_argv(t->options.self_exe, &trampoline, t->launch.command.items);
	char **env = NULL;
	int rc = launch_env(&t->launch, &env, err);
	if (rc == 0)
		rc = spawn(t, argv, env, err);
	t->ready_deadline_ns = clock_ns() + t->spec->ready_timeout_ns;
	launch_free_env(env);
	trampoline_free_argv(argv);
	free(cwd);
	return rc;
}

/* ---- in its group? ------------------------------------------------------ */

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
	if (t->pid == 0 || session_for_each(t->pid, check_member, &check) < 0)
		return -1;
	/* Where nothing is capped the group is what descends from the server, as far as that can be seen. */
	if (t->options.isolation->backend->caps_memory && check.result == 1 &&
	    strays_for_each(t->options.data_dir, check_member, &check) < 0)
		return -1;
	return check.result;
}

/* ---- its port ----------------------------------------------------------- */

void target_look_at_port(const struct target *t, struct port_look *out)
{
	bool own_network = t->spec->network_namespace;
	pid_t where = own_network ? proc_stat_living_thread(t->pid) : 0;
	*out = (struct port_look){ .in_group = FACT_NONE };
	if (!own_network || where > 0)
		port_look(&t->port, where, out);
	/* A server that is on its way out lets go of its sockets while it can still be found: its end says more. */
	if (!t->exit_seen && proc_stat_living_thread(t->pid) <= 0)
		*out = (struct port_look){ .in_group = FACT_NONE };
}

void target_describe_unseen_port(const struct target *t, char out[PORT_TEXT_MAX])
{
	port_describe_unseen(&t->port, out);
}

/* ---- stop, close -------------------------------------------------------- */

static void send_signal(struct target *t, int signal)
{
	t->options.callbacks.before_signal(t->options.callbacks.arg, signal);
	uv_process_kill(&t->life->process, signal);
}

static void on_stop_deadline(uv_timer_t *timer)
{
	send_signal(timer->data, SIGKILL);
}

void target_stop(struct target *t, bool gentle)
{
	if (t->life == NULL || t->exit_seen)
		return;
	watch_end(t);
	uv_timer_stop(&t->timer);
	probe_cancel(&t->start_probe);
	probe_cancel(&t->again_probe);
	t->stopping = true;
	gentle &= t->exec_known; /* a trampoline has nothing to put in order */
	send_signal(t, gentle ? SIGTERM : SIGKILL);
	if (gentle)
		uv_timer_start(&t->timer, on_stop_deadline, t->spec->stop_timeout_ns / NS_PER_MS, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void on_lateness_closed(uv_handle_t *handle)
{
	handle_closed(container_of(handle, struct target, lateness.timer));
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
	probe_release(&t->again_probe);
	probe_release(&t->health_probe);
	probe_release(&t->debug_probe);
	probe_release(&t->collect_probe);
	life_close(t);
	uv_close((uv_handle_t *)&t->timer, on_timer_closed);
	uv_close((uv_handle_t *)&t->watch_timer, on_timer_closed);
	lateness_close(&t->lateness, on_lateness_closed);
}
