#include "run/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "base/clock.h"
#include "base/log.h"
#include "run/requirements.h"
#include "run/rows.h"
#include "run/state.h"
#include "scenario/secrets.h"

#define TICK_MS 100
#define PROBE_INTERVAL_NS (500 * NS_PER_MS)

static void init_loop(struct run *r)
{
	static const int signums[] = { SIGINT, SIGTERM, SIGHUP };
	uv_loop_init(&r->loop);
	for (size_t i = 0; i < sizeof(signums) / sizeof(signums[0]); i++) {
		uv_signal_init(&r->loop, &r->signals[i]);
		r->signals[i].data = r;
		uv_signal_start(&r->signals[i], told_by_user, signums[i]);
	}
	uv_timer_init(&r->loop, &r->tick);
	uv_timer_init(&r->loop, &r->deadline);
	uv_async_init(&r->loop, &r->oom_async, told_of_oom);
	again_init(r);
	r->tick.data = r->deadline.data = r->oom_async.data = r;
	uv_timer_start(&r->tick, watch_tick, TICK_MS, TICK_MS);
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
		.callbacks = told_by_target(r),
	};
	return target_new(&r->target, &options, err);
}

static int make_load(struct run *r, struct error *err)
{
	struct load_callbacks callbacks = told_by_load(r);
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
	alloc_words_release(&r->alloc_words);
	buf_release(&r->row);
	verdict_release(&r->verdict);
	free(r->self_exe);
	free(r->log_path);
}

static void skip(struct run *r, const char *reason)
{
	snprintf(r->facts.skip_reason, sizeof(r->facts.skip_reason), "%s", reason);
	run_enter_stop(r);
}

int run_scenario(const struct scenario *s, const struct run_options *options, json_t **record, char **folder,
		 struct error *err)
{
	struct run r = { .scenario = s, .options = options, .self_exe = home_program(err) };
	if (r.self_exe == NULL || store_create(&r.store, options->results, s->name, err) != 0) {
		free(r.self_exe);
		return -1;
	}
	secrets_learn(s);
	alloc_words_init(&r.alloc_words);
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
		run_enter(&r, RUN_START);
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
