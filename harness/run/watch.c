#include <stdio.h>

#include "base/clock.h"
#include "record/samples.h"
#include "run/state.h"
#include "target/strays.h"

#define TICKS_PER_FLUSH 10
#define PROGRESS_BARS_MAX 16
/* Below this much free space the next write may fail: the server's fate is the disk's, not memory's. */
#define DISK_FULL_BYTES (16ULL << 20)

static void take_sample(void *arg, const struct sample *s)
{
	struct run *r = arg;
	gather_sample(&r->gather, s);
	buf_clear(&r->row);
	sample_csv_row(s, r->origin_ns, &r->row);
	buf_addc(&r->row, '\n');
	fwrite(r->row.data, 1, r->row.len, r->store.samples);
}

void watch_drain(struct run *r)
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
static void note_limit(struct fact start, struct fact now, struct fact *found)
{
	/* One that cannot be read just now is no other limit; the last reading is of the end. */
	if (fact_known(start) && fact_known(now) && now.value != start.value)
		*found = now;
}

void watch_cap(struct run *r)
{
	const struct isolation_readback *start = &r->isolation->readback;
	struct facts *f = &r->facts;
	struct isolation_final now;
	if (!fact_known(start->memory_bytes) || r->isolation->backend->final(r->isolation, &now, NULL) != 0)
		return;
	note_limit(start->memory_bytes, now.limit_bytes, r->frozen ? &f->again_cap_bytes : &f->cap_in_force_bytes);
	note_limit(start->memory_swap_bytes, now.swap_limit_bytes,
		   r->frozen ? &f->again_cap_swap_bytes : &f->cap_swap_in_force_bytes);
}

void watch_point(struct run *r, void (*note)(struct gather *, uint64_t, uint64_t, uint64_t))
{
	struct load_totals now;
	const struct load_totals *from = &r->before_load;
	if (r->scenario->rounds > 1)
		return;
	load_totals(r->load, &now);
	note(&r->gather, run_elapsed_ns(r) - r->phases[RUN_LOAD].start_ns, now.ok - from->ok,
	     now.sent_bytes - from->sent_bytes + now.received_bytes - from->received_bytes);
}

void watch_tick(uv_timer_t *timer)
{
	struct run *r = timer->data;
	struct error err = ERROR_INIT;
	watch_drain(r);
	if (r->state == RUN_LOAD && !r->frozen)
		watch_point(r, gather_tick);
	again_release(r, false);
	strays_reap(r->target != NULL ? target_pid(r->target) : 0);
	show_progress(r);
	if (++r->ticks % TICKS_PER_FLUSH != 0)
		return;
	if (store_flush(&r->store, &err) != 0 && !r->stopping)
		run_fail(r, &err);
	watch_disk(r);
	if (r->server_up && !r->stopping) {
		watch_membership(r);
		watch_cap(r);
		watch_port_or_stop(r);
	}
}

void watch_disk(struct run *r)
{
	if (folders_free_bytes(&r->folders) < DISK_FULL_BYTES)
		r->facts.disk_full = fact_of(1);
}

static struct fact *in_group(struct run *r)
{
	return r->frozen ? &r->facts.again_in_group : &r->facts.server_in_group;
}

/* Figures that leave out a part of what is charged hold no more than for a server outside. */
void watch_division(struct run *r)
{
	struct isolation *iso = r->isolation;
	if (iso != NULL && iso->backend->divided != NULL && iso->backend->divided(iso))
		*in_group(r) = fact_of(0);
}

void watch_membership(struct run *r)
{
	struct fact *known = in_group(r);
	watch_division(r);
	if (!r->server_up) /* a trampoline has yet to join */
		return;
	int inside = target_all_in_group(r->target);
	if (inside == 0)
		*known = fact_of(0);
	else if (inside < 0 && !(fact_known(*known) && known->value == 0))
		*known = FACT_BROKEN;
}

static bool is_foreign(struct fact in_group)
{
	return fact_known(in_group) && in_group.value == 0;
}

static bool look_at_port(struct run *r, struct port_look *look)
{
	struct facts *f = &r->facts;
	target_look_at_port(r->target, look);
	bool foreign = is_foreign(look->in_group);
	r->port_looks++;
	if (r->frozen || look->in_group.state == FACT_ABSENT || is_foreign(f->port_in_group))
		return !foreign;
	if (foreign || f->port_in_group.state != FACT_UNREADABLE)
		f->port_in_group = look->in_group;
	if (look->text[0] != '\0')
		snprintf(f->port_stranger, sizeof(f->port_stranger), "%s", look->text);
	return !foreign;
}

bool watch_port(struct run *r)
{
	struct port_look look;
	return look_at_port(r, &look);
}

void watch_port_or_stop(struct run *r)
{
	struct error err = ERROR_INIT;
	struct port_look look;
	if (!r->server_up || look_at_port(r, &look))
		return;
	if (!r->frozen) {
		watch_membership(r); /* a process that has left the group explains more */
		run_enter_stop(r);
		return;
	}
	error_set(&err, ERROR_TARGET, "%s", look.text);
	again_failed(r, &err);
}

void watch_port_unseen(struct run *r)
{
	struct load_totals now;
	if (r->load == NULL || r->port_looks == 0 || r->facts.port_in_group.state != FACT_ABSENT)
		return;
	load_totals(r->load, &now);
	if (now.ok == r->before_load.ok)
		return;
	r->facts.port_unseen = fact_of(1);
	target_describe_unseen_port(r->target, r->facts.port_stranger);
}
