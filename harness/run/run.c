#include "run/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/requirements.h"
#include "run/rows.h"
#include "run/state.h"

#define TICK_MS 100
#define PROBE_INTERVAL_NS (500 * NS_PER_MS)
#define TICKS_PER_FLUSH 10
#define PROGRESS_BARS_MAX 16
/* Below this much free space the next write may fail: the server's fate is the disk's, not memory's. */
#define DISK_FULL_BYTES (16ULL << 20)

const char *const run_state_names[RUN_STATES] = { "start",     "prepare", "baseline", "load", "settle",
						  "read-back", "squeeze", "aftermath", "stop", "done" };

static void enter(struct run *r, enum run_state state);

uint64_t run_elapsed_ns(const struct run *r)
{
	return r->origin_ns == 0 ? 0 : clock_ns() - r->origin_ns;
}

/* ---- samples, ticks ----------------------------------------------------- */

static void take_sample(void *arg, const struct sample *s)
{
	struct run *r = arg;
	gather_sample(&r->gather, s);
	buf_clear(&r->row);
	sample_csv_row(s, r->origin_ns, &r->row);
	buf_addc(&r->row, '\n');
	fwrite(r->row.data, 1, r->row.len, r->store.samples);
}

void run_drain_samples(struct run *r)
{
	if (r->sampler != NULL)
		sampler_drain(r->sampler, take_sample, r);
}

static void show_progress(struct run *r)
{
	struct load_group_progress groups[PROGRESS_BARS_MAX];
	struct progress_bar bars[PROGRESS_BARS_MAX];
	size_t count = r->load == NULL ? 0 : load_progress(r->load, groups, PROGRESS_BARS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct load_group_progress *g = &groups[i];
		bars[i] = (struct progress_bar){ .name = g->name,
						 .done_bytes = g->done_bytes,
						 .expected_bytes = g->expected_bytes,
						 .done = g->done,
						 .expected = g->expected,
						 .in_flight = g->in_flight,
						 .failed = g->failed,
						 .finished = g->finished };
	}
	const struct memory_sample *m = &r->gather.last.memory;
	struct progress_memory memory = { .cap_bytes = r->isolation ? r->isolation->readback.memory_bytes : FACT_NONE,
					  .usage_bytes = m->field[MEMORY_USAGE],
					  .unreclaimable_bytes = memory_unreclaimable(m),
					  .file_bytes = m->field[MEMORY_FILE] };
	progress_update(r->progress, run_elapsed_ns(r), bars, count, &memory);
}

/* A cap that was lifted and put back was not in force: another limit than at the start is kept as the finding. */
static void check_cap(struct run *r)
{
	const struct isolation_readback *start = &r->isolation->readback;
	struct isolation_final now;
	if (!fact_known(start->memory_bytes) || r->isolation->backend->final(r->isolation, &now, NULL) != 0)
		return;
	if (now.limit_bytes.value != start->memory_bytes.value)
		r->facts.cap_in_force_bytes = now.limit_bytes;
	if (fact_known(start->memory_swap_bytes) && now.swap_limit_bytes.value != start->memory_swap_bytes.value)
		r->facts.cap_swap_in_force_bytes = now.swap_limit_bytes;
}

/* For the series of a load without rounds: by the tick, and once at its end. */
static void note_point(struct run *r, void (*note)(struct gather *, uint64_t, uint64_t, uint64_t))
{
	struct load_totals now;
	const struct load_totals *from = &r->before_load;
	if (r->scenario->rounds > 1)
		return;
	load_totals(r->load, &now);
	note(&r->gather, run_elapsed_ns(r) - r->phases[RUN_LOAD].start_ns, now.ok - from->ok,
	     now.sent_bytes - from->sent_bytes + now.received_bytes - from->received_bytes);
}

static void on_tick(uv_timer_t *timer)
{
	struct run *r = timer->data;
	struct error err = ERROR_INIT;
	run_drain_samples(r);
	if (r->state == RUN_LOAD)
		note_point(r, gather_tick);
	again_release(r, false);
	show_progress(r);
	if (++r->ticks % TICKS_PER_FLUSH != 0)
		return;
	if (store_flush(&r->store, &err) != 0 && !r->stopping)
		run_fail(r, &err);
	run_check_disk(r);
	if (r->target_running && fact_known(r->facts.server_started) && !r->stopping) {
		run_check_membership(r);
		check_cap(r);
	}
}

void run_check_disk(struct run *r)
{
	if (folders_free_bytes(&r->folders) < DISK_FULL_BYTES)
		r->facts.disk_full = fact_of(1);
}

void run_check_membership(struct run *r)
{
	struct fact *known = &r->facts.server_in_group;
	int inside = target_all_in_group(r->target);
	if (inside == 0)
		*known = fact_of(0);
	else if (inside < 0 && !(fact_known(*known) && known->value == 0))
		*known = FACT_BROKEN;
}

/* ---- what others tell us ------------------------------------------------ */

void run_fail(struct run *r, const struct error *err)
{
	if (r->facts.rig_error[0] == '\0')
		snprintf(r->facts.rig_error, sizeof(r->facts.rig_error), "%s", err->message);
	run_enter_stop(r);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct run *r = handle->data;
	(void)signum;
	r->facts.interrupted = fact_of(1);
	run_enter_stop(r);
}

/* Sampler thread; uv_async_send() is the one libuv call that is safe there. */
static void on_oom_event(void *arg)
{
	struct run *r = arg;
	uv_async_send(&r->oom_async);
}

static void on_oom_async(uv_async_t *async)
{
	struct run *r = async->data;
	uint64_t now = clock_ns();
	/* A dying server may run into its limit again and again: the first of a burst tells what was under way. */
	if (r->load == NULL || r->stopping || r->frozen ||
	    (r->at_oom_ns != 0 && now - r->at_oom_ns <= SAMPLE_DYING_NS))
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
	if (!again_request(r, request))
		run_write_row(r, request, run_state_names[r->state], 0);
	if (r->state == RUN_AFTERMATH && request->found != FOUND_NOT_LOOKED)
		return;
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
		enter(r, RUN_PREPARE); /* the next group, or on */
		return;
	case RUN_LOAD:
		enter(r, r->frozen ? RUN_AFTERMATH : RUN_SETTLE);
		return;
	case RUN_READ_BACK:
		enter(r, RUN_SQUEEZE);
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
	if (r->frozen)
		return;
	r->facts.server_started = fact_of(1);
	/* The trampoline has joined the group before it became the server; what follows may only take this back. */
	r->facts.server_in_group = fact_of(1);
}

static void on_target_ready(void *arg)
{
	struct run *r = arg;
	if (r->frozen) {
		again_ready(r);
		return;
	}
	run_check_membership(r);
	r->facts.server_ready_ns = fact_of(run_elapsed_ns(r));
	target_watch(r->target);
	enter(r, RUN_PREPARE);
}

static void on_target_failed(void *arg, const struct error *err)
{
	struct run *r = arg;
	if (r->frozen) {
		again_failed(r, err);
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
	r->target_running = false;
	if (!r->frozen)
		finish_note_exit(r, exit);
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
	const json_t *ms = pointer == NULL || r->frozen || r->phases[RUN_LOAD].start_ns == 0 ? NULL :
										  request_find_json(figures, pointer);
	if (json_is_integer(ms) && json_integer_value(ms) >= 0)
		r->facts.canary_lag_ns = fact_max(r->facts.canary_lag_ns,
						  fact_of((uint64_t)json_integer_value(ms) * NS_PER_MS));
}

static void note_maintenance(struct run *r, const json_t *figures, uint64_t t_ns)
{
	const char *pointer = r->scenario->server.maintenance_json;
	const json_t *passes = pointer == NULL || r->stopping ? NULL : request_find_json(figures, pointer);
	if (!json_is_integer(passes) || json_integer_value(passes) < 0)
		return;
	run_drain_samples(r);
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
	json_t *row = json_pack("{s:I, s:o}", "t_ns", (json_int_t)(t_ns - r->origin_ns), "figures", figures);
	json_dumpf(row, r->store.app, JSON_COMPACT);
	fputc('\n', r->store.app);
	json_decref(row);
}

/* ---- the states --------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer);

void run_set_deadline(struct run *r, uint64_t ns)
{
	uv_timer_start(&r->deadline, on_deadline, ns / NS_PER_MS, 0);
}

static void start_load(struct run *r, const struct load_group *groups, size_t count)
{
	struct error err = ERROR_INIT;
	r->load_running = true;
	if (load_start(r->load, groups, count, &err) != 0) {
		r->load_running = false;
		run_fail(r, &err);
	}
}

static void enter_start(struct run *r)
{
	struct error err = ERROR_INIT;
	r->origin_ns = clock_ns();
	r->origin_boot_ns = clock_boot_ns();
	r->origin_wall_ns = clock_wall_ns();
	if (target_start(r->target, &err) != 0) {
		run_fail(r, &err);
		return;
	}
	r->target_running = true;
	r->facts.server_pid = fact_of((uint64_t)target_pid(r->target));
	if (isolation_set_main(r->isolation, target_pid(r->target), &err) != 0) {
		run_fail(r, &err);
		return;
	}
	struct sampler_options options = { .isolation = r->isolation,
					   .main_pid = target_pid(r->target),
					   .hz = r->scenario->sample_hz,
					   .data_dir = r->folders.data,
					   .tmp_dir = r->folders.tmp,
					   .on_oom = on_oom_event,
					   .arg = r };
	if (sampler_start(&r->sampler, &options, &err) != 0) {
		run_fail(r, &err);
		return;
	}
	record_progress(r);
	if (store_update(&r->store, &err) != 0)
		run_fail(r, &err);
}

static void enter_prepare(struct run *r)
{
	if (r->prepared == r->scenario->prepare.count) {
		enter(r, RUN_BASELINE);
		return;
	}
	run_set_deadline(r, r->scenario->deadline_ns);
	start_load(r, &r->scenario->prepare.items[r->prepared++], 1);
}

static void enter_baseline(struct run *r)
{
	gather_phase(&r->gather, GATHER_BASELINE);
	run_set_deadline(r, r->scenario->baseline_ns);
}

static void enter_load(struct run *r)
{
	struct error err = ERROR_INIT;
	struct isolation_final now;
	const struct group_list *groups = rounds_groups(&r->rounds, r->scenario, r->rounds.now);
	load_totals(r->load, &r->before_round);
	if (r->rounds.now == 0) {
		if (r->isolation->backend->final(r->isolation, &now, &err) == 0)
			r->facts.baseline_watermark_bytes = now.peak_usage_bytes;
		r->before_load = r->before_round;
	}
	if (r->scenario->rounds > 1)
		gather_round(&r->gather);
	gather_phase(&r->gather, GATHER_LOAD);
	r->load_over = false;
	run_set_deadline(r, r->scenario->deadline_ns);
	start_load(r, groups->items, groups->count);
}

/* What a round did, beside what gather saw of its memory. */
static void note_round(struct run *r)
{
	struct facts_round *round = r->gather.round;
	const struct load_totals *from = &r->before_round, *to = &r->after_load;
	if (round == NULL)
		return;
	round->clients = fact_of(rounds_clients(rounds_groups(&r->rounds, r->scenario, r->rounds.now)));
	round->requests = fact_of(to->ok - from->ok);
	round->bytes = fact_of(to->sent_bytes - from->sent_bytes + to->received_bytes - from->received_bytes);
}

static void enter_settle(struct run *r)
{
	gather_phase(&r->gather, GATHER_SETTLE);
	load_totals(r->load, &r->after_load);
	r->load_over = true;
	note_round(r);
	note_point(r, gather_point);
	r->facts.load_ns = fact_of(run_elapsed_ns(r) - r->phases[RUN_LOAD].start_ns);
	run_check_membership(r);
	run_set_deadline(r, r->scenario->settle_ns);
}

static void enter_read_back(struct run *r)
{
	gather_phase(&r->gather, GATHER_AFTER);
	bool asked = false;
	for (size_t i = 0; i < r->scenario->load.count; i++)
		asked |= r->scenario->load.items[i].read_back;
	if (!asked) {
		enter(r, RUN_SQUEEZE);
		return;
	}
	struct error err = ERROR_INIT;
	run_set_deadline(r, r->scenario->deadline_ns);
	r->load_running = true;
	if (load_start_read_back(r->load, READ_BACK_ASKED, &err) != 0) {
		r->load_running = false;
		run_fail(r, &err);
	}
}

static void squeeze_work(uv_work_t *work)
{
	struct run *r = work->data;
	r->squeezed = folders_sync(&r->folders, &r->squeeze_error) == 0 &&
		      r->isolation->backend->squeeze(r->isolation, &r->squeeze_error) == 0;
}

static void squeeze_done(uv_work_t *work, int status)
{
	struct run *r = work->data;
	(void)status;
	r->squeezing = false;
	struct isolation_final after;
	struct error err = ERROR_INIT;
	if (r->stopping)
		finish_check(r);
	else if (r->squeezed && r->isolation->backend->final(r->isolation, &after, &err) == 0) {
		r->facts.squeezed_usage_bytes = after.memory.field[MEMORY_USAGE];
		r->facts.squeezed_file_bytes = after.memory.field[MEMORY_FILE];
		r->facts.squeezed_unreclaimable_bytes = memory_unreclaimable(&after.memory);
	} else {
		log_info("page cache could not be asked back: %s", r->squeezed ? err.message : r->squeeze_error.message);
		r->facts.squeezed_usage_bytes = r->facts.squeezed_file_bytes =
			r->facts.squeezed_unreclaimable_bytes = FACT_BROKEN;
	}
	run_enter_stop(r);
}

static void enter_squeeze(struct run *r)
{
	r->squeezing = true;
	r->squeeze_work.data = r;
	uv_queue_work(&r->loop, &r->squeeze_work, squeeze_work, squeeze_done);
}

static void on_deadline(uv_timer_t *timer)
{
	struct run *r = timer->data;
	switch (r->state) {
	case RUN_BASELINE:
		enter(r, RUN_LOAD);
		return;
	case RUN_SETTLE:
		if (!fact_known(r->facts.load_deadline_hit) && ++r->rounds.now < r->scenario->rounds)
			enter(r, RUN_LOAD);
		else
			enter(r, RUN_READ_BACK);
		return;
	case RUN_PREPARE:
	case RUN_LOAD:
	case RUN_READ_BACK:
		r->facts.load_deadline_hit = fact_of(1);
		if (r->state == RUN_LOAD)
			load_stop(r->load); /* what was done still counts for growth; the judge knows it was cut */
		else
			run_enter_stop(r);
		return;
	case RUN_AFTERMATH:
		again_deadline(r);
		return;
	case RUN_STOP:
		finish_check(r);
		return;
	default:
		return;
	}
}

static void (*const enter_state[RUN_STATES])(struct run *) = {
	[RUN_START] = enter_start,     [RUN_PREPARE] = enter_prepare,     [RUN_BASELINE] = enter_baseline,
	[RUN_LOAD] = enter_load,       [RUN_SETTLE] = enter_settle,       [RUN_READ_BACK] = enter_read_back,
	[RUN_SQUEEZE] = enter_squeeze, [RUN_AFTERMATH] = again_enter,     [RUN_STOP] = finish_begin,
	[RUN_DONE] = NULL,
};

static void enter(struct run *r, enum run_state state)
{
	run_drain_samples(r);
	uint64_t now = run_elapsed_ns(r);
	if (state != r->state) {
		r->phases[r->state].end_ns = now;
		if (r->phases[state].start_ns == 0) /* of several rounds the first */
			r->phases[state].start_ns = now;
		progress_phase(r->progress, run_state_names[state], now);
	}
	r->state = state;
	uv_timer_stop(&r->deadline);
	if (enter_state[state] != NULL)
		enter_state[state](r);
}

void run_enter_stop(struct run *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	enter(r, RUN_STOP);
}

void run_enter_aftermath(struct run *r)
{
	enter(r, RUN_AFTERMATH);
}

/* ---- set up, tear down -------------------------------------------------- */

static void init_loop(struct run *r)
{
	static const int signums[] = { SIGINT, SIGTERM, SIGHUP };
	uv_loop_init(&r->loop);
	for (size_t i = 0; i < sizeof(signums) / sizeof(signums[0]); i++) {
		uv_signal_init(&r->loop, &r->signals[i]);
		r->signals[i].data = r;
		uv_signal_start(&r->signals[i], on_signal, signums[i]);
	}
	uv_timer_init(&r->loop, &r->tick);
	uv_timer_init(&r->loop, &r->deadline);
	uv_async_init(&r->loop, &r->oom_async, on_oom_async);
	again_init(r);
	r->tick.data = r->deadline.data = r->oom_async.data = r;
	uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
}

static int make_target(struct run *r, struct error *err)
{
	r->log_path = store_path(&r->store, "server.log");
	struct target_options options = {
		.loop = &r->loop,
		.http = r->http,
		.scenario = r->scenario,
		.isolation = r->isolation,
		.self_exe = r->self_exe,
		.data_dir = r->folders.data,
		.tmp_dir = r->folders.tmp,
		.log_path = r->log_path,
		.probe_interval_ns = PROBE_INTERVAL_NS,
		.callbacks = { .arg = r,
			       .started = on_target_started,
			       .ready = on_target_ready,
			       .failed = on_target_failed,
			       .exited = on_target_exited,
			       .before_signal = on_before_signal,
			       .figures = on_figures },
	};
	return target_new(&r->target, &options, err);
}

static int make_load(struct run *r, struct error *err)
{
	struct load_callbacks callbacks = { .arg = r,
					    .request_done = on_request_done,
					    .finished = on_load_finished };
	return load_new(&r->load, &r->loop, target_access(r->target), r->scenario->seed, &callbacks, err);
}

static int make_isolation(struct run *r, struct error *err)
{
	const struct isolation_backend *backend = isolation_find(r->scenario->isolation, err);
	if (backend == NULL)
		return -1;
	struct isolation_limits limits = { .memory_bytes = r->scenario->memory_bytes,
					   .swap_bytes = r->scenario->swap_bytes,
					   .high_bytes = r->scenario->memory_high_bytes,
					   .oom_group = r->scenario->oom_group };
	return isolation_open(backend, &limits, &r->isolation, err);
}

static int set_up(struct run *r, struct error *err)
{
	char *work = r->options->work ? xstrdup(r->options->work) : xasprintf("%s/.work", r->options->results);
	int rc = folders_create(&r->folders, work, r->store.id, r->scenario, err);
	free(work);
	if (rc != 0 || folders_check_space(&r->folders, r->scenario, err) != 0 || make_isolation(r, err) != 0 ||
	    http_client_new(&r->http, &r->loop, err) != 0 || make_target(r, err) != 0 || make_load(r, err) != 0)
		return -1;
	record_isolation(r);
	return 0;
}

static void write_csv_headers(struct run *r)
{
	buf_clear(&r->row);
	sample_csv_header(&r->row);
	fprintf(r->store.samples, "%s\n", r->row.data);
	buf_clear(&r->row);
	request_csv_header(&r->row);
	fprintf(r->store.requests, "%s\n", r->row.data);
}

static void close_http(void *arg)
{
	struct run *r = arg;
	if (r->http != NULL)
		http_client_close(r->http, NULL, NULL);
	r->http = NULL;
}

static void close_target(void *arg)
{
	struct run *r = arg;
	if (r->target != NULL)
		target_close(r->target, close_http, r);
	else
		close_http(r);
	r->target = NULL;
}

/* The load uses the target's texts, both use the HTTP client: closed in that order. */
static void tear_down(struct run *r)
{
	struct error err = ERROR_INIT;
	if (r->load != NULL)
		load_close(r->load, close_target, r);
	else
		close_target(r);
	for (size_t i = 0; i < sizeof(r->signals) / sizeof(r->signals[0]); i++)
		uv_close((uv_handle_t *)&r->signals[i], NULL);
	uv_close((uv_handle_t *)&r->tick, NULL);
	uv_close((uv_handle_t *)&r->deadline, NULL);
	uv_close((uv_handle_t *)&r->oom_async, NULL);
	again_close(r);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&r->loop) != 0)
		log_error("bug: the event loop still has handles at the end of a run");
	if (r->isolation != NULL) {
		const struct isolation_backend *backend = r->isolation->backend;
		if (backend->kill(r->isolation, &err) != 0 || backend->close(r->isolation, &err) != 0)
			log_error("%s", err.message);
	}
	if (folders_release(&r->folders, r->options->keep_data, &err) != 0)
		log_error("%s", err.message);
	kernel_log_close(&r->kernel_log);
	gather_release(&r->gather);
	rounds_release(&r->rounds);
	buf_release(&r->row);
	verdict_release(&r->verdict);
	free(r->self_exe);
	free(r->log_path);
}

static char *own_path(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return xstrdup(path);
}

static void skip(struct run *r, const char *reason)
{
	snprintf(r->facts.skip_reason, sizeof(r->facts.skip_reason), "%s", reason);
	run_enter_stop(r);
}

int run_scenario(const struct scenario *s, const struct run_options *options, json_t **record, char **folder,
		 struct error *err)
{
	struct run r = { .scenario = s, .options = options, .self_exe = own_path() };
	if (store_create(&r.store, options->results, s->name, err) != 0) {
		free(r.self_exe);
		return -1;
	}
	gather_init(&r.gather, &r.facts);
	write_csv_headers(&r);
	init_loop(&r);
	struct progress_options progress = { .out = stderr, .quiet = options->quiet, .title = options->title };
	r.progress = progress_new(&progress);
	kernel_log_open(&r.kernel_log);
	record_begin(&r);

	struct error fault = ERROR_INIT;
	const char *missing = requirements_missing(s);
	if (missing != NULL)
		skip(&r, missing);
	else if (set_up(&r, &fault) == 0 && store_update(&r.store, &fault) == 0)
		enter(&r, RUN_START);
	else
		run_fail(&r, &fault);
	uv_run(&r.loop, UV_RUN_DEFAULT); /* ended by finish.c: uv_stop() */
	progress_free(r.progress);

	record_end(&r);
	*folder = xstrdup(r.store.folder);
	*record = json_incref(r.store.record);
	int rc = store_close(&r.store, err);
	tear_down(&r);
	if (rc != 0) {
		json_decref(*record);
		free(*folder);
	}
	return rc;
}
