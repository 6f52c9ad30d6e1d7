#include "run/checks.h"

#include "observe/runtime.h"

#include "record/samples.h"

#include <stdio.h>

#include "base/clock.h"

/* A machine whose agent says nothing for so long stands still: it tells something 20 times a second. */
#define FROZEN_NS (30 * NS_PER_S)

/* Below this much free space the next write may fail: the server's fate is the disk's, not memory's. */
#define DISK_FULL_BYTES (16ULL << 20)

static void take_sample(void *arg, const struct sample *s)
{
	struct run *r = arg;
	gather_sample(&r->gather, s);
	buf_clear(&r->books.row);
	sample_csv_row(s, r->clocks.origin_ns, &r->books.row);
	buf_addc(&r->books.row, '\n');
	fwrite(r->books.row.data, 1, r->books.row.len, r->store.samples);
}

void checks_drain(struct run *r)
{
	if (r->sampler != NULL)
		sampler_drain(r->sampler, take_sample, r);
}

/* A cap that was lifted and put back was not in force: another limit than at the start is kept as the finding. */
static void note_limit(struct fact start, struct fact now, struct fact *found)
{
	/* One that cannot be read just now is no other limit; the last reading is of the end. */
	if (fact_known(start) && fact_known(now) && now.value != start.value)
		*found = now;
}

void checks_cap(struct run *r)
{
	struct facts *f = r->life.facts;
	struct isolation_final now;
	if (r->isolation == NULL)
		return;
	const struct isolation_readback *start = &r->isolation->readback;
	if (!fact_known(start->memory_bytes) || r->isolation->backend->final(r->isolation, &now, NULL) != 0)
		return;
	note_limit(start->memory_bytes, now.limit_bytes, &f->cap_in_force_bytes);
	note_limit(start->memory_swap_bytes, now.swap_limit_bytes, &f->cap_swap_in_force_bytes);
}

/* Figures that leave out a part of what is charged hold no more than for a server outside. */
void checks_division(struct run *r)
{
	struct isolation *iso = r->isolation;
	if (iso != NULL && iso->backend->divided != NULL && iso->backend->divided(iso))
		r->life.facts->server_in_group = fact_of(0);
}

void checks_membership(struct run *r)
{
	struct fact *known = &r->life.facts->server_in_group;
	checks_division(r);
	if (!r->life.up) /* a trampoline has yet to join */
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

bool checks_port(struct run *r)
{
	struct facts *f = r->life.facts;
	struct port_look look;
	target_look_at_port(r->target, &look);
	bool foreign = is_foreign(look.in_group);
	r->life.port_looks++;
	if (look.in_group.state == FACT_ABSENT || is_foreign(f->port_in_group))
		return !foreign;
	if (foreign || f->port_in_group.state != FACT_UNREADABLE)
		f->port_in_group = look.in_group;
	if (look.text[0] != '\0')
		snprintf(f->port_stranger, sizeof(f->port_stranger), "%s", look.text);
	if (foreign)
		checks_membership(r); /* a process that has left the group explains more */
	return !foreign;
}

void checks_port_unseen(struct run *r)
{
	struct facts *f = r->life.facts;
	struct load_totals now;
	if (r->load == NULL || r->life.port_looks == 0 || f->port_in_group.state != FACT_ABSENT)
		return;
	load_totals(r->load, &now);
	if (now.ok == r->books.before.ok)
		return;
	f->port_unseen = fact_of(1);
	target_describe_unseen_port(r->target, f->port_stranger);
}

bool checks_machine(struct run *r)
{
	struct facts *f = &r->facts;
	struct isolation *iso = r->isolation;
	struct machine_state now;
	if (iso == NULL || iso->backend->machine == NULL || r->schedule.stopping)
		return true;
	iso->backend->machine(iso, &now);
	if (now.panic != NULL)
		snprintf(f->machine_panic, sizeof(f->machine_panic), "%s", now.panic);
	if (now.ended)
		f->machine_ended = fact_of(1);
	if (now.silent_ns > FROZEN_NS && !now.ended)
		f->machine_silent_ns = fact_of(now.silent_ns);
	if (fact_known(now.disk_free_bytes) && now.disk_free_bytes.value < DISK_FULL_BYTES)
		r->life.facts->disk_full = fact_of(1);
	return now.panic == NULL && !now.ended && now.silent_ns <= FROZEN_NS;
}

void checks_disk(struct run *r)
{
	if (r->folders.data != NULL && folders_free_bytes(&r->folders) < DISK_FULL_BYTES)
		r->life.facts->disk_full = fact_of(1);
}

/* Of the main process, or, where that only starts another (a shell, npm), of the first seen that has one. */
void checks_runtime(struct run *r)
{
	size_t count;
	const pid_t *pids = sampler_pids(r->sampler, &count);
	const char *runtime = runtime_of(target_pid(r->target));
	for (size_t i = 0; runtime == NULL && i < count; i++)
		runtime = runtime_of(pids[i]);
	if (runtime != NULL)
		snprintf(r->facts.runtime, sizeof(r->facts.runtime), "%s", runtime);
}

void checks_work(struct run *r)
{
	struct load_totals now;
	const struct load_totals *from = &r->books.before;
	if (r->scenario->rounds > 1 || r->life.number > 1 || r->schedule.span != PHASE_LOAD)
		return;
	load_totals(r->load, &now);
	struct series_work work = { .t_ns = clock_ns(),
				    .requests = now.ok - from->ok,
				    .ended = now.ok + now.failed + now.cut - from->ok - from->failed - from->cut,
				    .bytes = now.sent_bytes - from->sent_bytes + now.received_bytes -
					     from->received_bytes,
				    .in_flight = now.in_flight };
	gather_work(&r->gather, &work);
}

bool checks_each_second(struct run *r)
{
	checks_disk(r);
	if (!checks_machine(r))
		return false;
	if (!r->life.up || r->schedule.stopping)
		return true;
	checks_membership(r);
	checks_cap(r);
	return checks_port(r);
}
