#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "base/clock.h"
#include "base/log.h"
#include "run/life.h"
#include "run/machine.h"
#include "run/parts.h"
#include "run/patience.h"
#include "run/requirements.h"
#include "record/requests.h"
#include "record/samples.h"
#include "run/run_json.h"
#include "scenario/secrets.h"

#define PROBE_INTERVAL_NS (500 * NS_PER_MS)

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	uv_close(handle, NULL);
}

static void end_loop(struct run *r)
{
	uv_run(&r->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&r->loop) != 0)
		log_error("bug: the event loop still has handles at the end of a run");
}

/* Before anything else has a handle in it. */
static void close_loop(struct run *r)
{
	uv_walk(&r->loop, close_handle, NULL);
	end_loop(r);
}

static int init_loop(struct run *r, struct error *err)
{
	int rc = uv_loop_init(&r->loop);
	if (rc != 0)
		return error_set(err, ERROR_SYSTEM, "cannot make an event loop: %s", uv_strerror(rc));
	if (machine_init(r, err) == 0)
		return 0;
	close_loop(r);
	return -1;
}

/* Loop, record, and who listens to the user; nothing is left of them on failure. */
static int begin(struct run *r, struct error *err)
{
	if (init_loop(r, err) != 0)
		return -1;
	r->undo = (struct undo){ .isolation = &r->isolation,
				 .folders = &r->folders,
				 .squeeze = &r->squeeze,
				 .keep_data = r->options->keep_data };
	undo_begin(&r->undo);
	ending_hold();
	int rc = store_create(&r->store, r->options->results, r->scenario->name, err);
	if (rc == 0)
		undo_note_record(&r->undo, r->store.folder);
	ending_release();
	if (rc != 0) {
		undo_finish(&r->undo);
		close_loop(r);
		return -1;
	}
	r->user = (struct ending_party){ .asked = machine_interrupt, .arg = r };
	ending_join(&r->user);
	return 0;
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
		.callbacks = machine_target_callbacks(r),
	};
	return target_new(&r->target, &options, err);
}

static int make_load(struct run *r, struct error *err)
{
	struct load_callbacks callbacks = machine_load_callbacks(r);
	return load_new(&r->load, &r->loop, target_access(r->target), r->scenario->seed, &callbacks, err);
}

/* From here on r->scenario has the deadlines that are in force. */
static void know_machine(struct run *r)
{
	const struct isolation_backend *backend = r->isolation->backend;
	struct machine_state now;
	if (backend->machine == NULL)
		return;
	backend->machine(r->isolation, &now);
	r->patient = patience_in_machine(r->scenario, now.slowness);
	r->scenario = &r->patient;
	r->facts.machine_slowness = fact_of(now.slowness);
	run_json_deadlines(r);
}

static int make_isolation(struct run *r, struct error *err)
{
	const struct isolation_backend *backend = isolation_find(r->scenario->isolation, err);
	if (backend == NULL)
		return -1;
	struct isolation_limits limits = { .memory_bytes = r->scenario->memory_bytes,
					   .swap_bytes = r->scenario->swap_bytes,
					   .high_bytes = r->scenario->memory_high_bytes,
					   .oom_group = r->scenario->oom_group,
					   .data_dir = r->folders.data,
					   .tmp_dir = r->folders.tmp,
					   .tmp_in_ram = r->scenario->tmp == FOLDER_RAM,
					   .disk_bytes = folders_disk_bytes(r->scenario),
					   .disk_bytes_per_s = r->scenario->data_bytes_per_s,
					   .dirty_ratio = r->scenario->dirty_ratio };
	if (isolation_open(backend, &limits, &r->isolation, err) != 0)
		return -1;
	know_machine(r);
	if (backend->kernel_log_fd != NULL)
		kernel_log_of_machine(&r->kernel_log, backend->kernel_log_fd(r->isolation));
	return 0;
}

/* What outlives a rig that dies. */
static int make_outside(struct run *r, struct error *err)
{
	char *work = r->options->work ? xstrdup(r->options->work) : xasprintf("%s/.work", r->options->results);
	ending_hold();
	int rc = folders_create(&r->folders, work, r->store.id, r->scenario, err);
	undo_note_folders(&r->undo);
	if (rc == 0)
		rc = folders_check_space(&r->folders, r->scenario, err);
	if (rc == 0)
		rc = make_isolation(r, err);
	ending_release();
	free(work);
	return rc;
}

static int set_up(struct run *r, struct error *err)
{
	if (make_outside(r, err) != 0 || http_client_new(&r->http, &r->loop, err) != 0 || make_target(r, err) != 0 ||
	    make_load(r, err) != 0)
		return -1;
	run_json_isolation(r);
	return 0;
}

static void write_csv_headers(struct run *r)
{
	buf_clear(&r->books.row);
	sample_csv_header(&r->books.row);
	fprintf(r->store.samples, "%s\n", r->books.row.data);
	buf_clear(&r->books.row);
	request_csv_header(&r->books.row);
	fprintf(r->store.requests, "%s\n", r->books.row.data);
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
	if (r->load != NULL)
		load_close(r->load, close_target, r);
	else
		close_target(r);
	ending_leave(&r->user);
	machine_close(r);
	end_loop(r);
	undo_finish(&r->undo);
	squeeze_release(&r->squeeze);
	kernel_log_close(&r->kernel_log);
	gather_release(&r->gather);
	rounds_release(&r->rounds);
	warming_release(&r->warming);
	broken_free(&r->books.broken);
	alloc_words_release(&r->alloc_words);
	buf_release(&r->books.row);
	verdict_release(&r->verdict);
	free(r->self_exe);
	free(r->log_path);
}

/* Where the run begins: at its end, if there is nothing to start or no way to. */
static enum phase_id prepare(struct run *r)
{
	struct error err = ERROR_INIT;
	const char *missing = requirements_missing(r->scenario);
	if (missing != NULL) {
		snprintf(r->facts.skip_reason, sizeof(r->facts.skip_reason), "%s", missing);
		return PHASE_STOP;
	}
	if (set_up(r, &err) == 0)
		return run_json_write(r, true) == 0 ? PHASE_START : PHASE_STOP;
	run_note_fault(r, &err);
	return PHASE_STOP;
}

int run_scenario(const struct scenario *s, const struct run_options *options, json_t **record, char **folder,
		 struct error *err)
{
	struct run r = { .scenario = s,
			 .options = options,
			 .self_exe = home_program(err),
			 .books.row = BUF_INIT,
			 .kernel_log = KERNEL_LOG_INIT };
	if (r.self_exe == NULL || begin(&r, err) != 0) {
		free(r.self_exe);
		return -1;
	}
	secrets_learn(s);
	life_init(&r);
	alloc_words_init(&r.alloc_words);
	gather_init(&r.gather, &r.facts);
	write_csv_headers(&r);
	struct progress_options progress = { .out = stderr, .quiet = options->quiet, .title = options->title };
	r.progress = progress_new(&progress);
	kernel_log_open(&r.kernel_log);
	run_json_begin(&r);

	machine_run(&r, prepare(&r));
	progress_free(r.progress);

	run_json_end(&r);
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
