#include "run/machine.h"

#include "base/macros.h"
#include "record/app.h"

#include "base/text.h"
#include "run/checks.h"
#include "run/display.h"
#include "run/life.h"
#include "run/phases.h"
#include "run/request_rows.h"
#include "run/run_json.h"
#include "target/strays.h"

#define TICK_MS 100
#define TICKS_PER_SECOND 10
#define APP_BYTES_MAX (64u << 20) /* of app.jsonl: a day of figures of 700 bytes each second */

/* ---- the phases --------------------------------------------------------- */

static void note_span(struct run *r, enum phase_id span)
{
	struct schedule *s = &r->schedule;
	uint64_t now = run_elapsed_ns(r);
	if (s->name != NULL)
		s->spans[s->span].end_ns = now;
	s->span = span;
	s->name = phase_rows[span].name;
	if (s->spans[span].name == NULL) /* of several rounds the first */
		s->spans[span] = (struct span){ .name = s->name, .start_ns = now };
	progress_phase(r->progress, s->name, now);
}

static enum phase_id enter(struct run *r, enum phase_id id)
{
	struct schedule *s = &r->schedule;
	const struct phase *row = &phase_rows[id];
	enum phase_id span = phase_span(id), instead = PHASE_STAY;
	bool changed = s->name == NULL || span != s->span;
	checks_drain(r);
	s->now = id;
	s->stopping |= id == PHASE_STOP;
	if (row->skip != NULL && (instead = row->skip(r)) != PHASE_STAY)
		return instead;
	if (changed)
		note_span(r, span);
	if (changed && run_json_write(r, false) != 0 && !s->stopping)
		return PHASE_STOP;
	return row->enter != NULL ? row->enter(r) : PHASE_STAY;
}

static void on_deadline(uv_timer_t *timer);

static void finish(struct run *r)
{
	r->schedule.spans[r->schedule.span].end_ns = run_elapsed_ns(r);
	r->schedule.name = NULL;
	uv_stop(&r->loop);
}

static void follow(struct run *r, enum phase_id next)
{
	if (next == PHASE_STAY)
		return;
	uv_timer_stop(&r->deadline);
	while (next != PHASE_STAY)
		next = enter(r, next);
	if (r->schedule.now == PHASE_DONE)
		finish(r);
	else
		uv_timer_start(&r->deadline, on_deadline, phase_rows[r->schedule.now].deadline_ns(r) / NS_PER_MS, 0);
}

static void dispatch(struct run *r, const struct event *event)
{
	const struct phase *row = &phase_rows[r->schedule.now];
	if (r->schedule.now == PHASE_DONE) /* judged: no fact may change any more */
		return;
	follow(r, row->on_event != NULL ? row->on_event(r, event) : phase_default(r, event));
}

static void tell(struct run *r, enum event_kind kind)
{
	dispatch(r, &(struct event){ .kind = kind });
}

static void on_deadline(uv_timer_t *timer)
{
	tell(timer->data, EVENT_DEADLINE);
}

/* ---- what goes on beside the phases ------------------------------------- */

static void each_second(struct run *r)
{
	struct error err = ERROR_INIT;
	bool written = store_flush(&r->store, &err) == 0;
	if (!written)
		run_note_fault(r, &err);
	if ((!checks_each_second(r) || !written) && !r->schedule.stopping)
		tell(r, EVENT_CANCEL);
}

static void on_tick(uv_timer_t *timer)
{
	struct run *r = timer->data;
	checks_drain(r);
	checks_work(r);
	request_rows_write_held(r, false);
	strays_reap(r->target != NULL ? target_pid(r->target) : 0);
	display_update(r);
	if (++r->ticks % TICKS_PER_SECOND == 0)
		each_second(r);
}

/* ---- the user, the sampler, the squeeze --------------------------------- */

void machine_interrupt(void *arg)
{
	struct run *r = arg;
	uv_async_send(&r->user_async);
}

static void on_user(uv_async_t *async)
{
	struct run *r = async->data;
	if (r->schedule.now == PHASE_DONE)
		return;
	r->facts.interrupted = fact_of(1);
	tell(r, EVENT_CANCEL);
}

static void on_oom(uv_async_t *async)
{
	life_note_oom(async->data);
}

static void on_squeezed(uv_async_t *async)
{
	struct run *r = async->data;
	if (!r->squeeze.given_up)
		tell(r, EVENT_SQUEEZED);
}

/* ---- the load ----------------------------------------------------------- */

static void on_request_done(void *arg, const struct load_request *request)
{
	request_rows_note(arg, request);
}

static void on_load_finished(void *arg)
{
	struct run *r = arg;
	r->books.running = false;
	tell(r, EVENT_LOAD_ENDED);
}

struct load_callbacks machine_load_callbacks(struct run *r)
{
	return (struct load_callbacks){ .arg = r, .request_done = on_request_done, .finished = on_load_finished };
}

/* ---- the server --------------------------------------------------------- */

static void on_started(void *arg)
{
	life_started(arg);
}

static void on_answered(void *arg)
{
	struct run *r = arg;
	if (r->life.up && !checks_port(r) && !r->schedule.stopping)
		tell(r, EVENT_CANCEL);
}

static void on_ready(void *arg)
{
	life_ready(arg);
	tell(arg, EVENT_READY);
}

static void on_failed(void *arg, const struct error *err)
{
	life_failed(arg, err);
	tell(arg, EVENT_FAILED);
}

static void on_exited(void *arg, const struct target_exit *exit)
{
	life_ended(arg, exit);
	dispatch(arg, &(struct event){ .kind = EVENT_EXITED, .exit = exit });
}

static void on_before_signal(void *arg, int signum)
{
	life_note_signal(arg, signum);
	run_json_write(arg,
		       true); /* a record that cannot be written makes the run invalid; it is being stopped anyway */
}

static void write_figures(struct run *r, json_t *figures, uint64_t t_ns, size_t len)
{
	if (len > APP_BYTES_MAX - r->figures.bytes) {
		r->figures.dropped_bytes += len;
		return;
	}
	r->figures.bytes += len;
	app_write(r->store.app, t_ns - r->clocks.origin_ns, json_incref(figures));
}

static void on_figures(void *arg, uint64_t t_ns, const char *json, size_t len)
{
	json_t *figures = json_loadb(json, len, 0, NULL);
	if (figures == NULL)
		return;
	life_note_figures(arg, figures, t_ns);
	write_figures(arg, figures, t_ns, len);
	json_decref(figures);
}

/* On the thread that carries the log. */
static void on_printed(void *arg, const char *data, size_t len)
{
	struct run *r = arg;
	alloc_words_feed(&r->alloc_words, data, len);
}

static void on_collected(void *arg, const struct error *err)
{
	dispatch(arg, &(struct event){ .kind = EVENT_COLLECTED, .err = err });
}

struct target_callbacks machine_target_callbacks(struct run *r)
{
	return (struct target_callbacks){ .arg = r,
					  .started = on_started,
					  .answered = on_answered,
					  .ready = on_ready,
					  .failed = on_failed,
					  .exited = on_exited,
					  .before_signal = on_before_signal,
					  .figures = on_figures,
					  .printed = on_printed,
					  .collected = on_collected };
}

/* ---- set up, run, close ------------------------------------------------- */

static int init_asyncs(struct run *r, struct error *err)
{
	const struct {
		uv_async_t *async;
		uv_async_cb wake;
	} rows[] = { { &r->oom_async, on_oom }, { &r->user_async, on_user }, { &r->squeeze_async, on_squeezed } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc = uv_async_init(&r->loop, rows[i].async, rows[i].wake);
		if (rc != 0)
			return error_set(err, ERROR_SYSTEM, "cannot prepare the event loop: %s", uv_strerror(rc));
		rows[i].async->data = r;
	}
	return 0;
}

int machine_init(struct run *r, struct error *err)
{
	if (init_asyncs(r, err) != 0)
		return -1;
	/* uv_timer_init() cannot fail: it only fills the handle. */
	uv_timer_init(&r->loop, &r->tick);
	uv_timer_init(&r->loop, &r->deadline);
	r->tick.data = r->deadline.data = r;
	return 0;
}

void machine_run(struct run *r, enum phase_id first)
{
	uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
	follow(r, first);
	uv_run(&r->loop, UV_RUN_DEFAULT); /* until finish(), even if that was called already */
}

void machine_close(struct run *r)
{
	uv_close((uv_handle_t *)&r->tick, NULL);
	uv_close((uv_handle_t *)&r->deadline, NULL);
	uv_close((uv_handle_t *)&r->oom_async, NULL);
	uv_close((uv_handle_t *)&r->user_async, NULL);
	uv_close((uv_handle_t *)&r->squeeze_async, NULL);
}
