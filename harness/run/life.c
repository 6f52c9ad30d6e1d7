#include "run/life.h"

#include <stdio.h>

#include "base/clock.h"
#include "http/request.h"
#include "run/checks.h"
#include "run/findings.h"
#include "run/live_figure.h"
#include "run/objects_found.h"

void life_init(struct run *r)
{
	r->life = (struct life){ .number = 1, .facts = &r->facts };
}

void life_say(struct run *r, const char *text)
{
	if (r->facts.aftermath_error[0] == '\0')
		snprintf(r->facts.aftermath_error, sizeof(r->facts.aftermath_error), "%s", text);
}

/* ---- its start ---------------------------------------------------------- */

/* What the dead server left behind would answer in its place, or hold its port. */
static int end_leftovers(struct run *r, struct error *err)
{
	return r->isolation->backend->pids(r->isolation, NULL, 0, NULL) == 0
		       ? 0
		       : r->isolation->backend->kill(r->isolation, err);
}

static int prepare_start(struct run *r, struct error *err)
{
	if (r->life.number == 1) {
		r->clocks = (struct clocks){ clock_ns(), clock_boot_ns(), clock_wall_ns() };
		return 0;
	}
	gather_forget(&r->gather, r->life.kills_before);
	return end_leftovers(r, err);
}

/* On the sampler's thread: this is the one call of libuv that is safe there. */
static void wake(void *async)
{
	uv_async_send(async);
}

static int watch_it(struct run *r, struct error *err)
{
	pid_t pid = target_pid(r->target);
	if (r->sampler != NULL) {
		sampler_set_main(r->sampler, pid);
		return isolation_set_main(r->isolation, pid, err);
	}
	struct sampler_options options = { .isolation = r->isolation,
					   .main_pid = pid,
					   .hz = r->scenario->sample_hz,
					   .data_dir = r->folders.data,
					   .tmp_dir = r->folders.tmp,
					   .on_oom = wake,
					   .arg = &r->oom_async };
	return isolation_set_main(r->isolation, pid, err) != 0 ? -1 : sampler_start(&r->sampler, &options, err);
}

int life_start(struct run *r, struct error *err)
{
	if (prepare_start(r, err) != 0 || target_start(r->target, err) != 0)
		return -1;
	r->life.running = true;
	r->life.facts->server_pid = fact_of((uint64_t)target_pid(r->target));
	return watch_it(r, err);
}

void life_started(struct run *r)
{
	struct facts *f = r->life.facts;
	r->life.up = true;
	f->server_started = fact_of(1);
	/* The trampoline has joined the group before it became the server; what follows may only take this back. */
	if (f->server_in_group.state == FACT_ABSENT)
		f->server_in_group = fact_of(1);
}

static void tell_load(struct run *r, bool down)
{
	if (r->load != NULL)
		load_server_down(r->load, down);
}

void life_ready(struct run *r)
{
	struct facts *f = r->life.facts;
	checks_membership(r);
	r->life.ready_ns = f->server_ready_ns = fact_of(run_elapsed_ns(r));
	tell_load(r, false);
	target_watch(r->target);
	if (r->life.number == 1)
		return;
	r->facts.deaths[r->facts.death_count - 1].down_ns = fact_of(clock_ns() - r->life.died_ns);
	broken_up(&r->books.broken);
}

void life_failed(struct run *r, const struct error *err)
{
	struct facts *f = &r->facts;
	bool started = fact_known(r->life.facts->server_started);
	if (r->life.number > 1)
		life_say(r, err->message);
	else if (started && !checks_port(r))
		return; /* another one has its port, which says it all */
	/* exec or namespaces: the rig's matter.  Not ready in time: the judge sees that server_ready_ns is absent. */
	else if (err->code != ERROR_TARGET || !started)
		run_note_fault(r, err);
	else
		snprintf(f->first_failure, sizeof(f->first_failure), "%s", err->message);
}

/* ---- while it lives ----------------------------------------------------- */

void life_note_signal(struct run *r, int signum)
{
	struct facts *f = r->life.facts;
	if (fact_known(f->our_signal))
		return;
	f->our_signal = fact_of((uint64_t)signum);
	f->our_signal_ns = fact_of(run_elapsed_ns(r));
}

void life_note_oom(struct run *r)
{
	struct life *life = &r->life;
	uint64_t now = clock_ns();
	/* A dying server may run into its limit again and again: the first of a burst tells what was under way. */
	if (r->load == NULL || r->schedule.stopping ||
	    (life->at_oom_ns != 0 && now - life->at_oom_ns <= SAMPLE_DYING_NS))
		return;
	load_totals(r->load, &life->at_oom);
	life->at_oom_ns = now;
}

/* The longest lag from the load on. */
static void note_canary(struct run *r, const json_t *figures)
{
	const char *pointer = r->scenario->server.canary_json;
	struct facts *f = r->life.facts;
	const json_t *ms = pointer == NULL || r->books.began_ns == 0 ? NULL : request_find_json(figures, pointer);
	if (json_is_integer(ms) && json_integer_value(ms) >= 0)
		f->canary_lag_ns = fact_max(f->canary_lag_ns, fact_of((uint64_t)json_integer_value(ms) * NS_PER_MS));
}

static void note_maintenance(struct run *r, const json_t *figures, uint64_t t_ns)
{
	const char *pointer = r->scenario->server.maintenance_json;
	const json_t *passes = pointer == NULL || r->schedule.stopping ? NULL : request_find_json(figures, pointer);
	if (!json_is_integer(passes) || json_integer_value(passes) < 0)
		return;
	checks_drain(r);
	maintenance_note(&r->life.maintenance, &r->gather, r->books.began_ns != 0, (uint64_t)json_integer_value(passes),
			 t_ns - r->clocks.origin_ns);
}

void life_note_figures(struct run *r, const json_t *figures, uint64_t t_ns)
{
	note_canary(r, figures);
	note_maintenance(r, figures, t_ns);
	gather_live(&r->gather, live_figure(figures, r->scenario->server.live_json));
}

/* ---- its end ------------------------------------------------------------ */

void life_ended(struct run *r, const struct target_exit *exit)
{
	struct facts *f = r->life.facts;
	r->life.running = r->life.up = false;
	f->server_end_ns = fact_of(exit->t_ns - r->clocks.origin_ns);
	if (exit->signal != 0)
		f->server_signal = fact_of((uint64_t)exit->signal);
	else
		f->server_exit_code = fact_of((uint64_t)exit->exit_code);
	if (r->schedule.stopping)
		return;
	if (r->life.number == 1)
		findings_of_death(r, exit->t_ns);
	if (!fact_known(r->life.ready_ns))
		checks_port(r); /* it may have ended because another one has its port */
}

static void note_death(struct run *r, const struct target_exit *exit, struct fact oom_kill)
{
	struct facts *f = &r->facts;
	if (f->death_count == FACTS_DEATHS_MAX)
		return;
	struct facts_death *d = &f->deaths[f->death_count++];
	const struct sample *s = gather_at_death(&r->gather, exit->t_ns);
	d->end_ns = fact_of(exit->t_ns - r->clocks.origin_ns);
	d->ready_ns = r->life.ready_ns;
	if (exit->signal != 0)
		d->signal = fact_of((uint64_t)exit->signal);
	else
		d->exit_code = fact_of((uint64_t)exit->exit_code);
	d->oom_kill = oom_kill;
	d->usage_bytes = s != NULL ? s->memory.field[MEMORY_USAGE] : FACT_NONE;
	d->unreclaimable_bytes = s != NULL ? memory_unreclaimable(&s->memory) : FACT_NONE;
	if (r->scenario->on_crash == CRASH_RESTART)
		d->lost = fact_of(0);
}

/* How many kills this life adds to the group's counter, which goes on over all of them. */
static struct fact count_kills(struct run *r, uint64_t *kills)
{
	struct isolation_final final;
	struct error err = ERROR_INIT;
	*kills = r->life.kills_before;
	if (r->isolation->backend->final(r->isolation, &final, &err) != 0)
		return FACT_BROKEN;
	if (!fact_known(final.oom_kill))
		return final.oom_kill;
	*kills = final.oom_kill.value;
	return fact_of(final.oom_kill.value - r->life.kills_before);
}

void life_next(struct run *r, const struct target_exit *exit)
{
	uint64_t kills;
	findings_seal(r);
	findings_of_log(r);
	struct fact oom_kill = count_kills(r, &kills);
	checks_drain(r);
	note_death(r, exit, oom_kill);
	objects_found_death(r);
	broken_death(&r->books.broken, exit->t_ns);
	tell_load(r, true);
	r->life = (struct life){
		.number = r->life.number + 1, .facts = &r->later_facts, .kills_before = kills, .died_ns = exit->t_ns
	};
	gather_next_life(&r->gather, r->life.facts);
}

/* ---- the later ones ----------------------------------------------------- */

void life_sum_up(struct run *r)
{
	struct facts *f = &r->facts;
	const struct facts *later = &r->later_facts;
	f->again_in_group = later->server_in_group;
	f->again_cap_bytes = later->cap_in_force_bytes;
	f->again_cap_swap_bytes = later->cap_swap_in_force_bytes;
	if (fact_known(later->port_in_group) && later->port_in_group.value == 0)
		life_say(r, later->port_stranger);
	if (fact_known(later->disk_full))
		life_say(r, "the disk ran full after the first death");
}
