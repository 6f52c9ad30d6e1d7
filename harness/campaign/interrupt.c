#include "campaign/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"

#define PATIENCE_MS 2000 /* between SIGTERM and SIGKILL */

static const int signums[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNUMS (sizeof(signums) / sizeof(signums[0]))

struct interrupt {
	uv_loop_t loop;
	uv_signal_t signals[SIGNUMS]; /* a run has its own as well: each loop is told */
	uv_process_t child;
	uv_timer_t patience;
	pid_t group; /* of the child; 0: none runs */
	int64_t status;
	int signal;
	bool asked;
};

static void on_patience(uv_timer_t *timer)
{
	struct interrupt *i = timer->data;
	kill(-i->group, SIGKILL);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct interrupt *i = handle->data;
	(void)signum;
	i->asked = true;
	if (i->group == 0)
		return;
	kill(-i->group, SIGTERM);
	uv_timer_start(&i->patience, on_patience, PATIENCE_MS, 0);
}

static void on_exit_of_child(uv_process_t *child, int64_t status, int signal)
{
	struct interrupt *i = child->data;
	if (i->asked) /* what the shell had started and did not take with it */
		kill(-i->group, SIGKILL);
	i->status = status;
	i->signal = signal;
	i->group = 0;
	uv_timer_stop(&i->patience);
	uv_stop(&i->loop);
}

struct interrupt *interrupt_open(void)
{
	struct interrupt *i = xcalloc(1, sizeof(*i));
	uv_loop_init(&i->loop);
	for (size_t k = 0; k < SIGNUMS; k++) {
		uv_signal_init(&i->loop, &i->signals[k]);
		i->signals[k].data = i;
		uv_signal_start(&i->signals[k], on_signal, signums[k]);
	}
	uv_timer_init(&i->loop, &i->patience);
	i->patience.data = i;
	return i;
}

void interrupt_close(struct interrupt *i)
{
	if (i == NULL)
		return;
	for (size_t k = 0; k < SIGNUMS; k++)
		uv_close((uv_handle_t *)&i->signals[k], NULL);
	uv_close((uv_handle_t *)&i->patience, NULL);
	uv_run(&i->loop, UV_RUN_DEFAULT);
	uv_loop_close(&i->loop);
	free(i);
}

int interrupt_check(struct interrupt *i, struct error *err)
{
	uv_run(&i->loop, UV_RUN_NOWAIT);
	return i->asked ? error_set(err, ERROR_INTERRUPTED, "interrupted") : 0;
}

int interrupt_shell(struct interrupt *i, const char *line, const char *folder, const char *log, bool *ok,
		    struct error *err)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", log);
	char *words[] = { "sh", "-c", (char *)line, NULL };
	uv_stdio_container_t io[] = { { .flags = UV_IGNORE },
				      { .flags = UV_INHERIT_FD, .data.fd = fd },
				      { .flags = UV_INHERIT_FD, .data.fd = fd } };
	uv_process_options_t options = { .exit_cb = on_exit_of_child,
					 .file = "/bin/sh",
					 .args = words,
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
	uv_close((uv_handle_t *)&i->child, NULL);
	uv_run(&i->loop, UV_RUN_NOWAIT); /* the closed handle is done with */
	if (rc != 0)
		return error_set(err, ERROR_SYSTEM, "cannot run '%s': %s", line, uv_strerror(rc));
	*ok = i->status == 0 && i->signal == 0;
	return interrupt_check(i, err);
}
