#include "load/alarm.h"

#include "base/clock.h"
#include "base/macros.h"

void alarm_init(struct alarm *a, uv_loop_t *loop, struct handles *handles)
{
	a->handles = handles;
	uv_timer_init(loop, &a->timer); /* cannot fail: it only fills the handle */
	handles_opened(handles);
}

static void on_timer(uv_timer_t *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);
	a->wake(a->arg);
}

/*
 * libuv's clock is CLOCK_MONOTONIC in whole milliseconds, as ours is in ns:
 * with the due time rounded up nothing wakes early.
 */
static uint64_t delay_ms(uv_loop_t *loop, uint64_t t_ns)
{
	uint64_t due_ms = (t_ns + NS_PER_MS - 1) / NS_PER_MS;
	uv_update_time(loop);
	return due_ms > uv_now(loop) ? due_ms - uv_now(loop) : 0;
}

void alarm_set(struct alarm *a, uint64_t t_ns, void (*wake)(void *arg), void *arg)
{
	a->wake = wake;
	a->arg = arg;
	uv_timer_start(&a->timer, on_timer, delay_ms(a->timer.loop, t_ns), 0);
}

void alarm_stop(struct alarm *a)
{
	uv_timer_stop(&a->timer);
}

static void on_closed(uv_handle_t *handle)
{
	handles_closed(container_of(handle, struct alarm, timer)->handles);
}

void alarm_close(struct alarm *a)
{
	uv_close((uv_handle_t *)&a->timer, on_closed);
}
