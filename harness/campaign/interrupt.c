#include "campaign/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/ending.h"
#include "base/spawn.h"

#define PATIENCE_MS 2000 /* between SIGTERM and SIGKILL */

struct interrupt {
	uv_loop_t loop;
	uv_async_t asked_async;
	struct ending_party party; /* a run has its own as well: each loop is told */
	uv_process_t child;
	uv_timer_t patience;
	_Atomic pid_t group; /* of the child; 0: none runs */
	int64_t status;
	int signal;
};

static void on_patience(uv_timer_t *timer)
{
	struct interrupt *i = timer->data;
	kill(-i->group, SIGKILL);
}

static void on_asked(uv_async_t *async)
{
	struct interrupt *i = async->data;
	if (i->group == 0)
		return;
	kill(-i->group, SIGTERM);
	uv_timer_start(&i->patience, on_patience, PATIENCE_MS, 0);
}

static void wake(void *arg)
{
	struct interrupt *i = arg;
	uv_async_send(&i->asked_async);
}

static void at_once(void *arg)
{
	struct interrupt *i = arg;
	if (i->group != 0)
		kill(-i->group, SIGKILL);
}

static void on_exit_of_child(uv_process_t *child, int64_t status, int signal)
{
	struct interrupt *i = child->data;
	if (ending_asked()) /* what the shell had started and did not take with it */
		kill(-i->group, SIGKILL);
	i->status = status;
	i->signal = signal;
	i->group = 0;
	uv_timer_stop(&i->patience);
	uv_stop(&i->loop);
}

int interrupt_open(struct interrupt **out, struct error *err)
{
	struct interrupt *i = xcalloc(1, sizeof(*i));
	int rc = uv_loop_init(&i->loop);
	if (rc == 0 && (rc = uv_async_init(&i->loop, &i->asked_async, on_asked)) != 0)
		uv_loop_close(&i->loop);
	if (rc != 0) {
		free(i);
		return error_set(err, ERROR_SYSTEM, "cannot make an event loop: %s", uv_strerror(rc));
	}
	uv_timer_init(&i->loop, &i->patience);
	i->patience.data = i->asked_async.data = i;
	i->party = (struct ending_party){ .asked = wake, .at_once = at_once, .arg = i };
	ending_join(&i->party);
	*out = i;
	return 0;
}

void interrupt_close(struct interrupt *i)
{
	if (i == NULL)
		return;
	ending_leave(&i->party);
	uv_close((uv_handle_t *)&i->asked_async, NULL);
	uv_close((uv_handle_t *)&i->patience, NULL);
	uv_run(&i->loop, UV_RUN_DEFAULT);
	uv_loop_close(&i->loop);
	free(i);
}

int interrupt_check(struct error *err)
{
	return ending_asked() ? error_set(err, ERROR_INTERRUPTED, "interrupted") : 0;
}

int interrupt_shell(struct interrupt *i, const char *line, const char *folder, const char *log, bool *ok,
		    struct error *err)
{
	if (interrupt_check(err) != 0)
		return -1;
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", log);
	char **env = spawn_environment(NULL);
	char *words[] = { "sh", "-c", (char *)line, NULL };
	uv_stdio_container_t io[] = { { .flags = UV_IGNORE },
				      { .flags = UV_INHERIT_FD, .data.fd = fd },
				      { .flags = UV_INHERIT_FD, .data.fd = fd } };
	uv_process_options_t options = { .exit_cb = on_exit_of_child,
					 .file = "/bin/sh",
					 .args = words,
					 .env = env,
					 .cwd = folder,
					 .flags = UV_PROCESS_DETACHED, /* a session, and so a group, of its own */
					 .stdio_count = 3,
					 .stdio = io };
	i->child.data = i;
	int rc = uv_spawn(&i->loop, &i->child, &options);
	if (rc == 0) {
		i->group = i->child.pid;
		uv_run(&i->loop, UV_RUN_DEFAULT);
	}
	close(fd);
	free(env);
	uv_close((uv_handle_t *)&i->child, NULL);
	uv_run(&i->loop, UV_RUN_NOWAIT); /* the closed handle is done with */
	if (rc != 0)
		return error_set(err, ERROR_SYSTEM, "cannot run '%s': %s", line, uv_strerror(rc));
	*ok = i->status == 0 && i->signal == 0;
	return interrupt_check(err);
}
