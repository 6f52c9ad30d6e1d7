#include "run/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define DEATH_WINDOW_NS NS_PER_S

void gather_init(struct gather *g, struct facts *facts)
{
	memset(g, 0, sizeof(*g));
	g->facts = facts;
	g->recent = xcalloc(GATHER_RECENT, sizeof(*g->recent));
}

void gather_phase(struct gather *g, enum gather_phase phase)
{
	g->phase = phase;
}

static void keep_peaks(struct facts *f, const struct memory_sample *m)
{
	f->peak_sampled_usage_bytes = fact_max(f->peak_sampled_usage_bytes, m->field[MEMORY_USAGE]);
	f->peak_anon_bytes = fact_max(f->peak_anon_bytes, m->field[MEMORY_ANON]);
	f->peak_file_bytes = fact_max(f->peak_file_bytes, m->field[MEMORY_FILE]);
	f->peak_shmem_bytes = fact_max(f->peak_shmem_bytes, m->field[MEMORY_SHMEM]);
	f->peak_kernel_bytes = fact_max(f->peak_kernel_bytes, m->field[MEMORY_KERNEL]);
	f->peak_unreclaimable_bytes = fact_max(f->peak_unreclaimable_bytes, memory_unreclaimable(m));
}

static void keep_baseline(struct facts *f, const struct memory_sample *m)
{
	f->baseline_usage_bytes = m->field[MEMORY_USAGE];
	f->baseline_anon_bytes = m->field[MEMORY_ANON];
	f->baseline_file_bytes = m->field[MEMORY_FILE];
	f->baseline_kernel_bytes = m->field[MEMORY_KERNEL];
	f->baseline_unreclaimable_bytes = memory_unreclaimable(m);
}

static void keep_settled(struct facts *f, const struct memory_sample *m)
{
	f->settled_usage_bytes = m->field[MEMORY_USAGE];
	f->settled_anon_bytes = m->field[MEMORY_ANON];
	f->settled_file_bytes = m->field[MEMORY_FILE];
	f->settled_kernel_bytes = m->field[MEMORY_KERNEL];
	f->settled_unreclaimable_bytes = memory_unreclaimable(m);
}

void gather_sample(struct gather *g, const struct sample *s)
{
	g->recent[g->next] = *s;
	g->next = (g->next + 1) % GATHER_RECENT;
	if (g->count < GATHER_RECENT)
		g->count++;
	g->last = *s;
	if (s->reason == SAMPLE_OOM && g->oom_events++ == 0)
		g->first_oom_ns = s->t_ns;
	struct fact faults = s->memory.field[MEMORY_PGMAJFAULT];
	switch (g->phase) {
	case GATHER_BEFORE:
		return;
	case GATHER_BASELINE:
		keep_baseline(g->facts, &s->memory);
		g->baseline_faults = faults;
		return;
	case GATHER_LOAD:
		if (fact_known(faults) && fact_known(g->baseline_faults))
			g->facts->load_major_faults = fact_of(faults.value - g->baseline_faults.value);
		break;
	case GATHER_SETTLE:
		keep_settled(g->facts, &s->memory);
		break;
	case GATHER_AFTER:
		break;
	}
	keep_peaks(g->facts, &s->memory);
	g->facts->peak_wal_bytes = fact_max(g->facts->peak_wal_bytes, s->disk.wal_bytes);
}

/* Is a a better picture of the moment of death than b? */
static bool closer_to_death(const struct sample *a, const struct sample *b)
{
	if (b == NULL || (a->reason == SAMPLE_OOM) != (b->reason == SAMPLE_OOM))
		return b == NULL || a->reason == SAMPLE_OOM;
	return memory_unreclaimable(&a->memory).value >= memory_unreclaimable(&b->memory).value;
}

void gather_death(struct gather *g, uint64_t end_ns)
{
	const struct sample *best = NULL;
	for (size_t i = 0; i < g->count; i++) {
		const struct sample *s = &g->recent[i];
		if (s->t_ns <= end_ns && end_ns - s->t_ns <= DEATH_WINDOW_NS && closer_to_death(s, best))
			best = s;
	}
	if (best == NULL)
		return;
	struct facts *f = g->facts;
	const struct fact *field = best->memory.field;
	f->death_usage_bytes = field[MEMORY_USAGE];
	f->death_anon_bytes = field[MEMORY_ANON];
	f->death_file_bytes = field[MEMORY_FILE];
	f->death_shmem_bytes = field[MEMORY_SHMEM];
	f->death_kernel_bytes = field[MEMORY_KERNEL];
	f->death_dirty_bytes = field[MEMORY_DIRTY];
	f->death_writeback_bytes = field[MEMORY_WRITEBACK];
}

void gather_release(struct gather *g)
{
	free(g->recent);
	g->recent = NULL;
}
