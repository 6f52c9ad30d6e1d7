#include <stddef.h>

#include "base/clock.h"
#include "base/log.h"
#include "target/internal.h"

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

static void on_collect(struct probe *p, long status, const char *detail)
{
	struct target *t = (struct target *)((char *)p - offsetof(struct target, collect_probe));
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

int watch_init(struct target *t, struct error *err)
{
	if (probe_init(&t->health_probe, t->options.http, on_health, err) != 0 ||
	    probe_init(&t->debug_probe, t->options.http, on_debug, err) != 0 ||
	    probe_init(&t->collect_probe, t->options.http, on_collect, err) != 0)
		return -1;
	return 0;
}
