#include "run/again.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/state.h"

/* The kill's record reached /dev/kmsg at most 11 ms after the last touched page. */
#define KERNEL_LOG_POLL_MS 20
#define NAMED_MAX 3 /* objects that were not intact */

void again_init(struct run *r)
{
	uv_timer_init(&r->loop, &r->again.timer);
	r->again.timer.data = r;
}

void again_close(struct run *r)
{
	uv_close((uv_handle_t *)&r->again.timer, NULL);
	lost_free(&r->again.lost);
}

static void say(struct run *r, const char *text)
{
	if (r->facts.aftermath_error[0] == '\0')
		snprintf(r->facts.aftermath_error, sizeof(r->facts.aftermath_error), "%s", text);
}

/* ---- the deaths --------------------------------------------------------- */

static struct facts_death *last_death(struct run *r)
{
	return r->facts.death_count > 0 ? &r->facts.deaths[r->facts.death_count - 1] : NULL;
}

static void note_death(struct run *r, const struct target_exit *exit)
{
	struct facts *f = &r->facts;
	struct isolation_final final;
	struct error err = ERROR_INIT;
	bool read = r->isolation->backend->final(r->isolation, &final, &err) == 0;
	uint64_t kills = read && fact_known(final.oom_kill) ? final.oom_kill.value : r->again.kills;

	r->again.death_ns = exit->t_ns;
	r->again.has_broken = false; /* it broke off because of this */
	uv_timer_stop(&r->again.timer);
	watch_drain(r);
	if (f->death_count < FACTS_DEATHS_MAX) {
		struct facts_death *d = &f->deaths[f->death_count++];
		const struct sample *s = gather_at_death(&r->gather, exit->t_ns);
		d->end_ns = fact_of(exit->t_ns - r->origin_ns);
		d->ready_ns = r->again.ready_ns;
		if (exit->signal != 0)
			d->signal = fact_of((uint64_t)exit->signal);
		else
			d->exit_code = fact_of((uint64_t)exit->exit_code);
		d->oom_kill = !read			   ? FACT_BROKEN
			      : fact_known(final.oom_kill) ? fact_of(kills - r->again.kills)
							   : final.oom_kill;
		d->usage_bytes = s != NULL ? s->memory.field[MEMORY_USAGE] : FACT_NONE;
		d->unreclaimable_bytes = s != NULL ? memory_unreclaimable(&s->memory) : FACT_NONE;
		if (r->scenario->on_crash == CRASH_RESTART)
			d->lost = fact_of(0);
	}
	r->again.kills = kills;
	r->again.ready_ns = FACT_NONE;
	lost_death(&r->again.lost, exit->t_ns);
}

/* ---- started again ------------------------------------------------------ */

/* What the dead server left behind would answer in its place, or hold its port. */
static int end_leftovers(struct run *r, struct error *err)
{
	return r->isolation->backend->pids(r->isolation, NULL, 0, NULL) == 0
		       ? 0
		       : r->isolation->backend->kill(r->isolation, err);
}

static void start(struct run *r)
{
	struct error err = ERROR_INIT;
	gather_again(&r->gather, r->again.kills);
	if (end_leftovers(r, &err) != 0 || target_start(r->target, &err) != 0) {
		again_failed(r, &err);
		return;
	}
	r->target_running = true;
	sampler_set_main(r->sampler, target_pid(r->target));
	if (isolation_set_main(r->isolation, target_pid(r->target), &err) != 0) {
		again_failed(r, &err);
		return;
	}
	record_progress(r);
	if (store_update(&r->store, &err) != 0)
		run_fail(r, &err);
}

static void on_timer(uv_timer_t *timer);

/* Not before the load that is being cut has ended, and the kernel log has told of the first kill. */
static void start_when_possible(struct run *r)
{
	struct again *a = &r->again;
	if (r->state == RUN_AFTERMATH && r->load_running)
		return;
	if (!a->kernel_log_read && finish_kernel_log_late(r)) {
		uv_timer_start(&a->timer, on_timer, KERNEL_LOG_POLL_MS, 0);
		return;
	}
	if (!a->kernel_log_read)
		finish_read_kernel_log(r);
	a->kernel_log_read = true;
	start(r);
}

static void on_timer(uv_timer_t *timer)
{
	start_when_possible(timer->data);
}

static bool first_death_counts(const struct run *r)
{
	if (!fact_known(r->facts.server_ready_ns) || r->state == RUN_SQUEEZE)
		return false;
	return r->scenario->on_crash == CRASH_READ_BACK || r->state == RUN_LOAD;
}

bool again_after_exit(struct run *r, const struct target_exit *exit)
{
	enum on_crash how = r->scenario->on_crash;
	if (how == CRASH_STOP)
		return false;
	if (!r->frozen && !first_death_counts(r)) {
		char text[96];
		snprintf(text, sizeof(text), "not started again, for it ended in the phase '%s'",
			 run_state_names[r->state]);
		say(r, text);
		return false;
	}
	if (!r->frozen) {
		r->again.ready_ns = r->facts.server_ready_ns;
		finish_freeze(r);
	}
	note_death(r, exit);
	if (how == CRASH_RESTART && r->facts.death_count > r->scenario->restarts) {
		r->facts.gave_up = fact_of(1);
		return false;
	}
	if (r->state == RUN_AFTERMATH && how == CRASH_RESTART) {
		again_enter(r); /* from the first object on */
		return true;
	}
	if (r->state == RUN_AFTERMATH) {
		say(r, r->again.step == AGAIN_READ ? "the server ended again while it was read"
						   : "the server ended again before it was ready");
		return false;
	}
	if (how == CRASH_READ_BACK) {
		run_enter_aftermath(r);
		return true;
	}
	start_when_possible(r);
	return true;
}

void again_failed(struct run *r, const struct error *err)
{
	say(r, err->message);
	run_enter_stop(r);
}

static void read_objects(struct run *r)
{
	struct error err = ERROR_INIT;
	bool all = r->scenario->on_crash == CRASH_READ_BACK;
	r->facts.aftermath_ready_ns = last_death(r)->down_ns;
	r->again.step = AGAIN_READ;
	run_set_deadline(r, r->scenario->deadline_ns);
	r->load_running = true;
	if (load_start_read_back(r->load, all ? READ_BACK_ALL : READ_BACK_ASKED, &err) != 0) {
		r->load_running = false;
		again_failed(r, &err);
	}
}

void again_ready(struct run *r)
{
	watch_membership(r);
	target_watch(r->target);
	r->again.ready_ns = fact_of(run_elapsed_ns(r));
	last_death(r)->down_ns = fact_of(clock_ns() - r->again.death_ns);
	lost_up(&r->again.lost);
	if (r->state == RUN_AFTERMATH)
		read_objects(r);
}

/* ---- the aftermath ------------------------------------------------------ */

static bool names_are_ours(const struct run *r)
{
	const struct upload_spec *upload = &r->scenario->server.upload;
	return upload->id_json == NULL && upload->id_header == NULL;
}

static void expect(struct run *r)
{
	struct facts *f = &r->facts;
	bool all = r->scenario->on_crash == CRASH_READ_BACK;
	uint64_t acknowledged, unanswered;
	load_objects(r->load, all ? READ_BACK_ALL : READ_BACK_ASKED, &acknowledged, &unanswered);
	if (!all && acknowledged == 0)
		return;
	f->aftermath_acknowledged = fact_of(acknowledged);
	f->aftermath_intact = f->aftermath_lost = f->aftermath_corrupt = f->aftermath_half_visible = fact_of(0);
	f->aftermath_unread = fact_of(acknowledged);
	f->aftermath_first[0] = '\0'; /* of a reading that a death cut short */
	if (!all || !names_are_ours(r))
		return;
	f->unanswered_absent = f->unanswered_whole = f->unanswered_corrupt = f->unanswered_half_visible = fact_of(0);
	f->unanswered_unread = fact_of(unanswered);
}

static void load_is_over(struct run *r)
{
	if (!fact_known(r->facts.aftermath_acknowledged))
		load_totals(r->load, &r->again.before);
	if (r->phases[RUN_LOAD].start_ns != 0 && !r->load_over) {
		r->after_load = r->again.before;
		r->load_over = true;
		r->facts.load_ns = fact_of(run_elapsed_ns(r) - r->phases[RUN_LOAD].start_ns);
	}
	expect(r);
}

void again_enter(struct run *r)
{
	struct again *a = &r->again;
	a->step = AGAIN_DRAIN;
	if (r->load_running) {
		load_stop(r->load);
		return;
	}
	load_is_over(r);
	a->step = AGAIN_START;
	if (r->scenario->on_crash == CRASH_READ_BACK)
		start_when_possible(r);
	else if (!fact_known(r->facts.aftermath_acknowledged))
		run_enter_stop(r);
	else if (fact_known(a->ready_ns))
		read_objects(r);
	else if (!r->target_running && !uv_is_active((uv_handle_t *)&a->timer))
		start_when_possible(r);
	/* else it is on its way up: again_ready() */
}

static void on_read(uv_timer_t *timer)
{
	run_enter_stop(timer->data);
}

void again_load_finished(struct run *r)
{
	if (r->again.step != AGAIN_READ)
		again_enter(r);
	else if (r->again.has_broken) /* the last one: did the server end? */
		uv_timer_start(&r->again.timer, on_read, LOST_WINDOW_NS / NS_PER_MS, 0);
	else
		run_enter_stop(r);
}

void again_deadline(struct run *r)
{
	say(r, "reading did not end in time");
	run_enter_stop(r);
}

/* ---- what was found ----------------------------------------------------- */

static void name_object(struct run *r, const struct load_request *request)
{
	struct facts *f = &r->facts;
	uint64_t before = f->aftermath_lost.value + f->aftermath_corrupt.value + f->aftermath_half_visible.value;
	size_t used = strlen(f->aftermath_first);
	if (before <= NAMED_MAX)
		snprintf(f->aftermath_first + used, sizeof(f->aftermath_first) - used, "%s%s: %s", used > 0 ? "; " : "",
			 object_found_names[request->found], request->error);
	if (f->first_corrupt[0] == '\0')
		snprintf(f->first_corrupt, sizeof(f->first_corrupt), "%s", request->error);
}

static void count_found(struct run *r, const struct load_request *request)
{
	struct facts *f = &r->facts;
	struct fact *const acknowledged[] = { [FOUND_INTACT] = &f->aftermath_intact,
					      [FOUND_LOST] = &f->aftermath_lost,
					      [FOUND_CORRUPT] = &f->aftermath_corrupt,
					      [FOUND_HALF] = &f->aftermath_half_visible,
					      [FOUND_UNREAD] = NULL };
	struct fact *const unanswered[] = { [FOUND_INTACT] = &f->unanswered_whole,
					    [FOUND_LOST] = &f->unanswered_absent,
					    [FOUND_CORRUPT] = &f->unanswered_corrupt,
					    [FOUND_HALF] = &f->unanswered_half_visible,
					    [FOUND_UNREAD] = NULL };
	struct fact *counted = (request->acknowledged ? acknowledged : unanswered)[request->found];
	if (counted == NULL)
		return;
	counted->value++;
	(request->acknowledged ? &f->aftermath_unread : &f->unanswered_unread)->value--;
	if (request->acknowledged && request->found != FOUND_INTACT)
		name_object(r, request);
}

static void settle_broken(struct run *r)
{
	if (r->again.has_broken)
		count_found(r, &r->again.broken);
	r->again.has_broken = false;
}

static void look(struct run *r, const struct load_request *request)
{
	if (request->found == FOUND_HALF && request->end == END_TRANSPORT) {
		settle_broken(r);
		r->again.broken = *request;
		r->again.has_broken = true;
		return;
	}
	if (request->found != FOUND_UNREAD)
		settle_broken(r); /* it lives */
	count_found(r, request);
}

static void write_held(void *arg, const struct lost_row *row)
{
	struct run *r = arg;
	if (row->death > 0 && row->death <= r->facts.death_count)
		r->facts.deaths[row->death - 1].lost.value++;
	run_write_row(r, &row->request, row->phase, row->death);
}

bool again_request(struct run *r, const struct load_request *request)
{
	/* What is still under way of an earlier reading says nothing of the next life. */
	if (r->state == RUN_AFTERMATH && r->again.step == AGAIN_READ && request->found != FOUND_NOT_LOOKED)
		look(r, request);
	return r->scenario->on_crash == CRASH_RESTART && r->state == RUN_LOAD &&
	       lost_hold(&r->again.lost, request, run_state_names[r->state]);
}

void again_release(struct run *r, bool all)
{
	lost_release(&r->again.lost, clock_ns(), all, write_held, r);
}

void again_finish(struct run *r)
{
	again_release(r, true);
	settle_broken(r);
}
