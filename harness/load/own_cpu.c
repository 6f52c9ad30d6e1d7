#include "load/own_cpu.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"

#define WINDOW_MS 100
#define BUSY_PERMILLE 900
/* A shorter rest of a phase says nothing about a share. */
#define WINDOW_MIN_NS (20 * NS_PER_MS)

/*
 * How long this thread was ready and found no CPU: somebody else's load starves
 * the clients as well as their own work does.  Second figure of
 * /proc/thread-self/schedstat (Linux Documentation/scheduler/sched-stats.rst).
 */
static uint64_t waited_ns(const struct own_cpu *m)
{
	char text[96] = "";
	unsigned long long waited = 0;
	if (m->schedstat_fd >= 0 && pread(m->schedstat_fd, text, sizeof(text) - 1, 0) > 0)
		sscanf(text, "%*u %llu", &waited);
	return waited;
}

static void window_end(struct own_cpu *m)
{
	uint64_t wall_ns = clock_ns(), cpu_ns = clock_thread_cpu_ns(), waiting_ns = waited_ns(m);
	uint64_t wall = wall_ns - m->window_wall_ns, cpu = cpu_ns - m->window_cpu_ns;
	uint64_t waited = waiting_ns - m->window_waited_ns;
	if (wall < WINDOW_MIN_NS)
		return;
	uint64_t permille = cpu * 1000 / wall;
	if (permille > m->max_permille)
		m->max_permille = permille;
	m->windows_ns += wall;
	if ((cpu + waited) * 1000 / wall >= BUSY_PERMILLE) {
		m->busy_ns += wall;
		m->starved_ns += waited > cpu ? wall : 0;
	}
	m->window_waited_ns = waiting_ns;
	m->window_wall_ns = wall_ns;
	m->window_cpu_ns = cpu_ns;
}

static void on_window(uv_timer_t *timer)
{
	window_end(container_of(timer, struct own_cpu, timer));
}

void own_cpu_init(struct own_cpu *m, uv_loop_t *loop, struct handles *handles)
{
	m->handles = handles;
	uv_timer_init(loop, &m->timer); /* cannot fail: it only fills the handle */
	m->schedstat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	handles_opened(handles);
}

void own_cpu_start(struct own_cpu *m)
{
	m->running = true;
	m->phase_wall_ns = m->window_wall_ns = clock_ns();
	m->phase_cpu_ns = m->window_cpu_ns = clock_thread_cpu_ns();
	m->window_waited_ns = waited_ns(m);
	uv_timer_start(&m->timer, on_window, WINDOW_MS, WINDOW_MS);
}

void own_cpu_stop(struct own_cpu *m)
{
	m->running = false;
	uv_timer_stop(&m->timer);
	window_end(m);
	m->wall_ns += clock_ns() - m->phase_wall_ns;
	m->cpu_ns += clock_thread_cpu_ns() - m->phase_cpu_ns;
}

void own_cpu_read(const struct own_cpu *m, struct load_self *out)
{
	memset(out, 0, sizeof(*out));
	out->wall_ns = m->wall_ns;
	out->cpu_ns = m->cpu_ns;
	if (m->running) {
		out->wall_ns += clock_ns() - m->phase_wall_ns;
		out->cpu_ns += clock_thread_cpu_ns() - m->phase_cpu_ns;
	}
	out->loop_busy_max_permille = m->max_permille;
	out->bottleneck = m->windows_ns > 0 && m->busy_ns * 2 >= m->windows_ns;
	if (out->bottleneck)
		snprintf(out->reason, sizeof(out->reason),
			 "the load generator %s over %d %% of a core during %.0f %% of the load",
			 m->starved_ns * 2 >= m->busy_ns ? "was kept waiting by others and needed" : "used",
			 BUSY_PERMILLE / 10, 100.0 * (double)m->busy_ns / (double)m->windows_ns);
}

static void on_closed(uv_handle_t *handle)
{
	struct own_cpu *m = container_of(handle, struct own_cpu, timer);
	if (m->schedstat_fd >= 0)
		close(m->schedstat_fd);
	handles_closed(m->handles);
}

void own_cpu_close(struct own_cpu *m)
{
	uv_close((uv_handle_t *)&m->timer, on_closed);
}
