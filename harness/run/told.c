/* What others tell a run: the user's signals, the kernel's OOM event, the load, the server. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "run/rows.h"
#include "run/state.h"

#define APP_BYTES_MAX (64u << 20) /* of app.jsonl: a day of figures of 700 bytes each second */

void run_fail(struct run *r, const struct error *err)
{
	if (r->facts.rig_error[0] == '\0') {
		snprintf(r->facts.rig_error, sizeof(r->facts.rig_error), "%s", err->message);
		r->facts.rig_error_by_server = fact_of(err->code == ERROR_TARGET);
	}
	run_enter_stop(r);
}

void told_by_user_first(void *arg)
{
	struct run *r = arg;
	uv_async_send(&r->user_async);
}

void told_by_user(uv_async_t *async)
{
	struct run *r = async->data;
	if (r->finished) /* judged: no fact may change any more */
		return;
	r->facts.interrupted = fact_of(1);
	if (r->stopping && r->target_running)
		target_stop(r->target, false); /* it was given time, which is over */
	run_enter_stop(r);
}

void told_of_oom_by_sampler(void *arg)
{
	struct run *r = arg;
	uv_async_send(&r->oom_async);
}

void told_of_oom(uv_async_t *async)
{
	struct run *r = async->data;
	uint64_t now = clock_ns();
	/* A dying server may run into its limit again and again: the first of a burst tells what was under way. */
	if (r->load == NULL || r->stopping || r->frozen || (r->at_oom_ns != 0 && now - r->at_oom_ns <= SAMPLE_DYING_NS))
		return;
	load_totals(r->load, &r->at_oom);
	r->at_oom_ns = now;
}

void run_write_row(struct run *r, const struct load_request *request, const char *phase, unsigned death)
{
	buf_clear(&r->row);
	request_csv_row(request, phase, death, r->origin_ns, &r->row);
	buf_addc(&r->row, '\n');
	fwrite(r->row.data, 1, r->row.len, r->store.requests);
}

static void on_request_done(void *arg, const struct load_request *request)
{
	struct run *r = arg;
	lost_note(&r->again.lost, request);
	if (!again_request(r, request))
		run_write_row(r, request, run_state_names[r->state], 0);
	if (r->state == RUN_AFTERMATH && request->found != FOUND_NOT_LOOKED)
		return;
	lost_look(&r->again.lost, request);
	bool failed = request->end == END_STATUS || request->end == END_TRANSPORT;
	if (failed && r->facts.first_failure[0] == '\0')
		snprintf(r->facts.first_failure, sizeof(r->facts.first_failure), "%s (group '%s', status %ld)",
			 request->error, request->group, request->status);
	if (request->verify == VERIFY_CORRUPT && r->facts.first_corrupt[0] == '\0')
		snprintf(r->facts.first_corrupt, sizeof(r->facts.first_corrupt), "%s (group '%s')", request->error,
			 request->group);
}

static void on_load_finished(void *arg)
{
	struct run *r = arg;
	r->load_running = false;
	if (r->stopping) {
		finish_check(r);
		return;
	}
	struct load_totals now;
	load_totals(r->load, &now);
	switch (r->state) {
	case RUN_PREPARE:
		if (now.failed > 0) {
			struct error err = ERROR_INIT;
			error_set(&err, ERROR_TARGET, "the load could not be prepared: %s", r->facts.first_failure);
			run_fail(r, &err);
			return;
		}
		run_enter(r, RUN_PREPARE); /* the next group, or on */
		return;
	case RUN_LOAD:
		run_enter(r, r->frozen ? RUN_AFTERMATH : RUN_SETTLE);
		return;
	case RUN_READ_BACK:
		run_enter_collect(r, RUN_SQUEEZE);
		return;
	case RUN_AFTERMATH:
		again_load_finished(r);
		return;
	default:
		return;
	}
}

static void on_target_started(void *arg)
{
	struct run *r = arg;
	r->server_up = true;
	if (r->frozen) {
		if (r->facts.again_in_group.state == FACT_ABSENT)
			r->facts.again_in_group = fact_of(1);
		return;
	}
	r->facts.server_started = fact_of(1);
	/* The trampoline has joined the group before it became the server; what follows may only take this back. */
	r->facts.server_in_group = fact_of(1);
}

static void on_target_answered(void *arg)
{
	watch_port_or_stop(arg);
}

static void on_target_ready(void *arg)
{
	struct run *r = arg;
	if (r->frozen) {
		again_ready(r);
		return;
	}
	watch_membership(r);
	r->facts.server_ready_ns = fact_of(run_elapsed_ns(r));
	target_watch(r->target);
	run_enter(r, RUN_PREPARE);
}

static void on_target_failed(void *arg, const struct error *err)
{
	struct run *r = arg;
	if (r->frozen) {
		again_failed(r, err);
		return;
	}
	if (fact_known(r->facts.server_started) && !watch_port(r)) {
		run_enter_stop(r);
		return;
	}
	/* exec or namespaces: the rig's matter.  Not ready in time: the judge sees that server_ready_ns is absent. */
	if (err->code != ERROR_TARGET || !fact_known(r->facts.server_started)) {
		run_fail(r, err);
		return;
	}
	snprintf(r->facts.first_failure, sizeof(r->facts.first_failure), "%s", err->message);
	run_enter_stop(r);
}

static void on_target_exited(void *arg, const struct target_exit *exit)
{
	struct run *r = arg;
	r->target_running = r->server_up = false;
	if (!r->frozen)
		finish_note_exit(r, exit);
	if (!r->stopping && !fact_known(r->facts.server_ready_ns))
		watch_port(r); /* it may have ended because another one has its port */
	if (r->stopping)
		finish_check(r);
	else if (!again_after_exit(r, exit))
		run_enter_stop(r);
}

static void on_before_signal(void *arg, int signum)
{
	struct run *r = arg;
	struct error err = ERROR_INIT;
	if (!r->frozen && !fact_known(r->facts.our_signal)) {
		r->facts.our_signal = fact_of((uint64_t)signum);
		r->facts.our_signal_ns = fact_of(run_elapsed_ns(r));
	}
	record_progress(r);
	if (store_update(&r->store, &err) != 0)
		log_error("%s", err.message);
}

/* The longest lag from the load on. */
static void note_canary(struct run *r, const json_t *figures)
{
	const char *pointer = r->scenario->server.canary_json;
	const json_t *ms = pointer == NULL || r->frozen || r->phases[RUN_LOAD].start_ns == 0
				   ? NULL
				   : request_find_json(figures, pointer);
	if (json_is_integer(ms) && json_integer_value(ms) >= 0)
		r->facts.canary_lag_ns =
			fact_max(r->facts.canary_lag_ns, fact_of((uint64_t)json_integer_value(ms) * NS_PER_MS));
}

static void note_maintenance(struct run *r, const json_t *figures, uint64_t t_ns)
{
	const char *pointer = r->scenario->server.maintenance_json;
	const json_t *passes = pointer == NULL || r->stopping ? NULL : request_find_json(figures, pointer);
	if (!json_is_integer(passes) || json_integer_value(passes) < 0)
		return;
	watch_drain(r);
	passes_note(&r->passes, &r->gather, r->phases[RUN_LOAD].start_ns != 0, (uint64_t)json_integer_value(passes),
		    t_ns - r->origin_ns);
}

static void on_figures(void *arg, uint64_t t_ns, const char *json, size_t len)
{
	struct run *r = arg;
	json_t *figures = json_loadb(json, len, 0, NULL);
	if (figures == NULL)
		return;
	note_canary(r, figures);
	note_maintenance(r, figures, t_ns);
	if (len > APP_BYTES_MAX - r->app_bytes) {
		r->app_dropped_bytes += len;
		json_decref(figures);
		return;
	}
	r->app_bytes += len;
	json_t *row = json_pack("{s:I, s:o}", "t_ns", (json_int_t)(t_ns - r->origin_ns), "figures",
				text_json_foreign(figures));
	text_json_print(row, JSON_COMPACT, r->store.app);
	json_decref(row);
}

static void on_printed(void *arg, const char *data, size_t len)
{
	struct run *r = arg;
	alloc_words_feed(&r->alloc_words, data, len);
}

static void on_collected(void *arg, const struct error *err)
{
	run_collected(arg, err);
}

struct load_callbacks told_by_load(struct run *r)
{
	return (struct load_callbacks){ .arg = r, .request_done = on_request_done, .finished = on_load_finished };
}

struct target_callbacks told_by_target(struct run *r)
{
	return (struct target_callbacks){ .arg = r,
					  .started = on_target_started,
					  .answered = on_target_answered,
					  .ready = on_target_ready,
					  .failed = on_target_failed,
					  .exited = on_target_exited,
					  .before_signal = on_before_signal,
					  .figures = on_figures,
					  .printed = on_printed,
					  .collected = on_collected };
}
