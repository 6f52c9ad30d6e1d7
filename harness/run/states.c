/* The states of a run: what each begins with, and which follows when its time is over. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/state.h"

const char *const run_state_names[RUN_STATES] = {
	[RUN_START] = "start",	       [RUN_PREPARE] = "prepare",     [RUN_COLLECT_FIRST] = "collect",
	[RUN_BASELINE] = "baseline",   [RUN_LOAD] = "load",	      [RUN_SETTLE] = "settle",
	[RUN_COLLECT] = "collect",     [RUN_READ_BACK] = "read-back", [RUN_SQUEEZE] = "squeeze",
	[RUN_AFTERMATH] = "aftermath", [RUN_STOP] = "stop",	      [RUN_DONE] = "done",
};

uint64_t run_elapsed_ns(const struct run *r)
{
	return r->origin_ns == 0 ? 0 : clock_ns() - r->origin_ns;
}

/* From the answer until memory is looked at: ten samples, and time for pages that go back by another thread. */
#define COLLECTED_NS (100 * NS_PER_MS)
#define SQUEEZE_LOOKS 10
#define SQUEEZE_LOOK_US 20000

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
					   .on_oom = told_of_oom_by_sampler,
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
		run_enter_collect(r, RUN_BASELINE);
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
	watch_port_or_stop(r);
	if (r->stopping)
		return;
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
	watch_point(r, gather_point);
	r->facts.load_ns = fact_of(run_elapsed_ns(r) - r->phases[RUN_LOAD].start_ns);
	watch_membership(r);
	watch_port_or_stop(r);
	if (r->stopping)
		return;
	run_set_deadline(r, r->scenario->settle_ns);
}

static void enter_collect(struct run *r)
{
	struct error err = ERROR_INIT;
	gather_phase(&r->gather, r->state == RUN_COLLECT ? GATHER_COLLECT : GATHER_BEFORE);
	if (target_collect(r->target, &err) != 0)
		run_collected(r, &err);
}

void run_collected(struct run *r, const struct error *err)
{
	if (r->state != RUN_COLLECT && r->state != RUN_COLLECT_FIRST)
		return;
	if (err == NULL) {
		run_set_deadline(r, COLLECTED_NS);
		return;
	}
	struct error fault = *err;
	error_prefix(&fault, "the server could not be asked to collect its garbage");
	snprintf(r->facts.collect_error, sizeof(r->facts.collect_error), "%s", fault.message);
	if (r->state == RUN_COLLECT_FIRST)
		run_fail(r, &fault); /* before a load whose end would say no more */
	else
		run_enter(r, r->after_collect);
}

void run_enter_collect(struct run *r, enum run_state next)
{
	r->after_collect = next;
	if (r->scenario->server.collect.path == NULL)
		run_enter(r, next);
	else
		run_enter(r, next == RUN_BASELINE ? RUN_COLLECT_FIRST : RUN_COLLECT);
}

static void enter_read_back(struct run *r)
{
	gather_phase(&r->gather, GATHER_AFTER);
	r->gather.round = NULL;
	bool asked = false;
	for (size_t i = 0; i < r->scenario->load.count; i++)
		asked |= r->scenario->load.items[i].read_back;
	if (!asked) {
		run_enter_collect(r, RUN_SQUEEZE);
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

/*
 * The lowest reading counts: dentries and inodes stay charged for some milliseconds
 * after they were taken back (the kernel frees them after an RCU grace period, of
 * which nobody tells), and what a busy server takes anew meanwhile had come back.
 */
static int read_lowest(struct isolation *iso, struct isolation_final *lowest, struct error *err)
{
	int rc = iso->backend->final(iso, lowest, err);
	for (int looks = 1; rc == 0 && looks < SQUEEZE_LOOKS; looks++) {
		struct isolation_final now;
		usleep(SQUEEZE_LOOK_US);
		rc = iso->backend->final(iso, &now, err);
		if (rc != 0 || now.memory.field[MEMORY_USAGE].value >= lowest->memory.field[MEMORY_USAGE].value)
			return rc;
		*lowest = now;
	}
	return rc;
}

static void squeeze_work(uv_work_t *work)
{
	struct run *r = work->data;
	r->squeezed = folders_sync(&r->folders, &r->squeeze_error) == 0 &&
		      r->isolation->backend->squeeze(r->isolation, &r->squeeze_error) == 0 &&
		      read_lowest(r->isolation, &r->after_squeeze, &r->squeeze_error) == 0;
}

static void squeeze_done(uv_work_t *work, int status)
{
	struct run *r = work->data;
	(void)status;
	r->squeezing = false;
	const struct memory_sample *after = &r->after_squeeze.memory;
	if (r->stopping)
		finish_check(r);
	else if (r->squeezed) {
		r->facts.squeezed_usage_bytes = after->field[MEMORY_USAGE];
		r->facts.squeezed_file_bytes = after->field[MEMORY_FILE];
		r->facts.squeezed_unreclaimable_bytes = memory_unreclaimable(after);
		r->facts.squeezed_kernel_bytes = after->field[MEMORY_KERNEL];
	} else {
		log_info("page cache could not be asked back: %s", r->squeeze_error.message);
		r->facts.squeezed_usage_bytes = r->facts.squeezed_file_bytes = r->facts.squeezed_unreclaimable_bytes =
			r->facts.squeezed_kernel_bytes = FACT_BROKEN;
	}
	run_enter_stop(r);
}

static void enter_squeeze(struct run *r)
{
	gather_phase(&r->gather, GATHER_AFTER);
	r->squeezing = true;
	r->squeeze_work.data = r;
	uv_queue_work(&r->loop, &r->squeeze_work, squeeze_work, squeeze_done);
}

static void settled(struct run *r)
{
	bool again = !fact_known(r->facts.load_deadline_hit) && ++r->rounds.now < r->scenario->rounds;
	enum run_state next = again ? RUN_LOAD : RUN_READ_BACK;
	if (r->scenario->rounds > 1)
		run_enter_collect(r, next);
	else
		run_enter(r, next);
}

static void on_deadline(uv_timer_t *timer)
{
	struct run *r = timer->data;
	switch (r->state) {
	case RUN_BASELINE:
		run_enter(r, RUN_LOAD);
		return;
	case RUN_SETTLE:
		settled(r);
		return;
	case RUN_COLLECT_FIRST:
	case RUN_COLLECT:
		run_enter(r, r->after_collect);
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
	[RUN_START] = enter_start,	 [RUN_PREPARE] = enter_prepare,	    [RUN_COLLECT_FIRST] = enter_collect,
	[RUN_BASELINE] = enter_baseline, [RUN_LOAD] = enter_load,	    [RUN_SETTLE] = enter_settle,
	[RUN_COLLECT] = enter_collect,	 [RUN_READ_BACK] = enter_read_back, [RUN_SQUEEZE] = enter_squeeze,
	[RUN_AFTERMATH] = again_enter,	 [RUN_STOP] = finish_begin,	    [RUN_DONE] = NULL,
};

void run_enter(struct run *r, enum run_state state)
{
	watch_drain(r);
	uint64_t now = run_elapsed_ns(r);
	bool changed = state != r->state;
	if (changed) {
		r->phases[r->state].end_ns = now;
		if (r->phases[state].start_ns == 0) /* of several rounds the first */
			r->phases[state].start_ns = now;
		progress_phase(r->progress, run_state_names[state], now);
	}
	r->state = state;
	uv_timer_stop(&r->deadline);
	if (changed)
		record_phase(r);
	if (enter_state[state] != NULL)
		enter_state[state](r);
}

void run_enter_stop(struct run *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	run_enter(r, RUN_STOP);
}

void run_enter_aftermath(struct run *r)
{
	run_enter(r, RUN_AFTERMATH);
}