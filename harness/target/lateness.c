#include "target/lateness.h"

#include <string.h>

#include "base/clock.h"

#define BEAT_MS 50
/* Less is the loop's ordinary turn, of which a probe takes a few anyway. */
#define LATE_NS (20 * NS_PER_MS)

static uint64_t late_ns(const struct lateness *l)
{
	uint64_t now = clock_ns();
	return l->due_ns != 0 && now > l->due_ns + LATE_NS ? now - l->due_ns : 0;
}

uint64_t lateness_total_ns(const struct lateness *l)
{
	return l->total_ns + late_ns(l);
}

uint64_t lateness_longest_ns(const struct lateness *l)
{
	uint64_t late = late_ns(l);
	return late > l->longest_ns ? late : l->longest_ns;
}

static void note(struct lateness *l)
{
	l->longest_ns = lateness_longest_ns(l);
	l->total_ns = lateness_total_ns(l);
	l->due_ns = 0;
}

static void on_beat(uv_timer_t *timer)
{
	lateness_begin(timer->data);
}

void lateness_init(struct lateness *l, uv_loop_t *loop)
{
	memset(l, 0, sizeof(*l));
	uv_timer_init(loop, &l->timer); /* cannot fail: it only fills the handle */
	l->timer.data = l;
}

void lateness_begin(struct lateness *l)
{
	note(l);
	uv_update_time(l->timer.loop);
	uv_timer_start(&l->timer, on_beat, BEAT_MS, 0);
	l->due_ns = clock_ns() + BEAT_MS * NS_PER_MS;
}

void lateness_end(struct lateness *l)
{
	note(l);
	uv_timer_stop(&l->timer);
}

void lateness_close(struct lateness *l, uv_close_cb closed)
{
	uv_close((uv_handle_t *)&l->timer, closed);
}
