#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/internal.h"

#define WINDOW_MS 100
#define BUSY_PERMILLE 900
/* A shorter rest of a phase says nothing about a share. */
#define WINDOW_MIN_NS (20 * NS_PER_MS)

/*
 * How long this thread was ready and found no CPU: somebody else's load starves
 * the clients as well as their own work does.  Second figure of
 * /proc/thread-self/schedstat (Linux Documentation/scheduler/sched-stats.rst).
 */
static uint64_t waited_ns(const struct self_meter *m)
{
	char text[96] = "";
	unsigned long long waited = 0;
	if (m->schedstat_fd >= 0 && pread(m->schedstat_fd, text, sizeof(text) - 1, 0) > 0)
		sscanf(text, "%*u %llu", &waited);
	return waited;
}

static void window_end(struct self_meter *m)
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
	struct load *l = timer->data;
	window_end(&l->self);
}

void self_init(struct load *l)
{
	uv_timer_init(l->loop, &l->self.timer); /* cannot fail: it only fills the handle */
	l->self.timer.data = l;
	l->self.schedstat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	load_handle_opened(l);
}

void self_start(struct load *l)
{
	struct self_meter *m = &l->self;
	m->phase_wall_ns = m->window_wall_ns = clock_ns();
	m->phase_cpu_ns = m->window_cpu_ns = clock_thread_cpu_ns();
	m->window_waited_ns = waited_ns(m);
	uv_timer_start(&m->timer, on_window, WINDOW_MS, WINDOW_MS);
}

void self_stop(struct load *l)
{
	struct self_meter *m = &l->self;
	uv_timer_stop(&m->timer);
	window_end(m);
	m->wall_ns += clock_ns() - m->phase_wall_ns;
	m->cpu_ns += clock_thread_cpu_ns() - m->phase_cpu_ns;
}

void load_self(const struct load *l, struct load_self *out)
{
	const struct self_meter *m = &l->self;
	memset(out, 0, sizeof(*out));
	out->wall_ns = m->wall_ns;
	out->cpu_ns = m->cpu_ns;
	if (l->running) {
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
