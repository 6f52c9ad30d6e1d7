
#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "target/internal.h"

/* From the first probe that is unanswered; while the rig was late nobody would have heard an answer. */
static uint64_t silence_ns(const struct target *t)
{
	uint64_t silence = clock_ns() - t->silent_since_ns;
	uint64_t late = lateness_total_ns(&t->lateness) - t->late_before_ns;
	return late < silence ? silence - late : 0;
}

static uint64_t longest_silence_ns(const struct target *t)
{
	uint64_t silence = t->silent_since_ns != 0 && !t->exit_seen ? silence_ns(t) : 0;
	return silence > t->longest_silence_ns ? silence : t->longest_silence_ns;
}

/* An answer that came in time would not have been heard: such a probe is no evidence, and no silence begins with it. */
static bool rig_was_late(const struct target *t)
{
	return silence_ns(t) < (clock_ns() - t->silent_since_ns) / 2;
}

static void on_health(struct probe *p, long status, const char *detail)
{
	struct target *t = container_of(p, struct target, health_probe);
	(void)detail;
	t->longest_silence_ns = longest_silence_ns(t);
	bool first = t->silent_since_ns == p->sent_ns;
	if (status != 0 || (first && rig_was_late(t))) /* any answer is a sign of life */
		t->silent_since_ns = 0;
}

static void on_debug(struct probe *p, long status, const char *detail)
{
	struct target *t = container_of(p, struct target, debug_probe);
	(void)detail;
	if (request_status_ok(t->spec->debug.status, status))
		t->options.callbacks.figures(t->options.callbacks.arg, p->sent_ns, p->answer.data, p->answer.len);
}

static void on_collect(struct probe *p, long status, const char *detail)
{
	struct target *t = container_of(p, struct target, collect_probe);
	struct error err = ERROR_INIT;
	bool well = request_status_ok(t->spec->collect.status, status);
	if (!well && status != 0)
		error_set(&err, ERROR_TARGET, "%s %s: status %ld", t->spec->collect.method, t->spec->collect.path,
			  status);
	else if (!well)
		error_set(&err, ERROR_TARGET, "%s %s: %s", t->spec->collect.method, t->spec->collect.path, detail);
	t->options.callbacks.collected(t->options.callbacks.arg, well ? NULL : &err);
}

int target_collect(struct target *t, struct error *err)
{
	return probe_send(&t->collect_probe, &t->access, &t->spec->collect, t->spec->collect_deadline_ns, false, err);
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
	if (t->health_probe.busy && t->silent_since_ns == 0) {
		t->silent_since_ns = t->health_probe.sent_ns;
		t->late_before_ns = lateness_total_ns(&t->lateness);
	}
	watch_one(t, &t->debug_probe, &t->spec->debug);
}

void watch_end(struct target *t)
{
	uv_timer_stop(&t->watch_timer);
	lateness_end(&t->lateness);
}

void target_watch(struct target *t)
{
	lateness_begin(&t->lateness);
	uv_timer_start(&t->watch_timer, on_watch_timer, 0, t->options.probe_interval_ns / NS_PER_MS);
}

struct fact target_longest_silence_ns(const struct target *t)
{
	if (t->spec->health.path == NULL || !t->ready)
		return FACT_NONE;
	return fact_of(longest_silence_ns(t));
}

struct fact target_longest_late_ns(const struct target *t)
{
	return t->ready ? fact_of(lateness_longest_ns(&t->lateness)) : FACT_NONE;
}

int watch_init(struct target *t, struct error *err)
{
	if (probe_init(&t->health_probe, t->options.http, on_health, err) != 0 ||
	    probe_init(&t->debug_probe, t->options.http, on_debug, err) != 0 ||
	    probe_init(&t->collect_probe, t->options.http, on_collect, err) != 0)
		return -1;
	return 0;
}
