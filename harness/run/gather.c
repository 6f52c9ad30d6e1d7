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

/* Private memory of the processes but the main one. */
static struct fact children_anon(const struct sample *s)
{
	struct fact all = s->process.rss_anon_bytes, main = s->process.main_rss_anon_bytes;

	if (!fact_known(all) || !fact_known(main))
		return all.state == FACT_UNREADABLE || main.state == FACT_UNREADABLE ? FACT_BROKEN : FACT_NONE;
	return fact_of(all.value > main.value ? all.value - main.value : 0);
}

/* What is charged and in no class that the kernel names. */
struct fact gather_unclassed(const struct memory_sample *m)
{
	struct fact named = fact_add(fact_add(m->field[MEMORY_ANON], m->field[MEMORY_FILE]),
				     fact_add(m->field[MEMORY_SHMEM], m->field[MEMORY_KERNEL]));

	if (fact_known(m->field[MEMORY_SOCK]))
		named = fact_add(named, m->field[MEMORY_SOCK]);
	if (!fact_known(named) || !fact_known(m->field[MEMORY_USAGE]))
		return fact_known(named) ? m->field[MEMORY_USAGE] : named;
	return fact_of(m->field[MEMORY_USAGE].value > named.value ? m->field[MEMORY_USAGE].value - named.value : 0);
}

static void keep_peaks(struct facts *f, const struct memory_sample *m)
{
	f->peak_unclassed_bytes = fact_max(f->peak_unclassed_bytes, gather_unclassed(m));
	f->peak_sampled_usage_bytes = fact_max(f->peak_sampled_usage_bytes, m->field[MEMORY_USAGE]);
	f->peak_anon_bytes = fact_max(f->peak_anon_bytes, m->field[MEMORY_ANON]);
	f->peak_file_bytes = fact_max(f->peak_file_bytes, m->field[MEMORY_FILE]);
	f->peak_shmem_bytes = fact_max(f->peak_shmem_bytes, m->field[MEMORY_SHMEM]);
	f->peak_kernel_bytes = fact_max(f->peak_kernel_bytes, m->field[MEMORY_KERNEL]);
	f->peak_unreclaimable_bytes = fact_max(f->peak_unreclaimable_bytes, memory_unreclaimable(m));
}

static void keep_highest_holdings(struct facts *f, const struct process_sample *p)
{
	f->peak_open_files = fact_max(f->peak_open_files, p->open_files);
	f->peak_threads = fact_max(f->peak_threads, p->threads);
	f->peak_processes = fact_max(f->peak_processes, p->processes);
}

static void keep_settled_holdings(struct facts *f, const struct process_sample *p)
{
	f->settled_open_files = p->open_files;
	f->settled_threads = p->threads;
	f->settled_processes = p->processes;
}

static void keep_baseline(struct facts *f, const struct memory_sample *m)
{
	f->baseline_usage_bytes = m->field[MEMORY_USAGE];
	f->baseline_anon_bytes = m->field[MEMORY_ANON];
	f->baseline_file_bytes = m->field[MEMORY_FILE];
	f->baseline_kernel_bytes = m->field[MEMORY_KERNEL];
	f->baseline_unreclaimable_bytes = memory_unreclaimable(m);
	f->baseline_unclassed_bytes = gather_unclassed(m);
}

/* anon + shmem, what of them is swapped out included: that was not given back. */
static struct fact private_of(const struct memory_sample *m)
{
	struct fact sum = fact_add(m->field[MEMORY_ANON], m->field[MEMORY_SHMEM]);

	return fact_known(m->field[MEMORY_SWAP]) ? fact_add(sum, m->field[MEMORY_SWAP]) : sum;
}

static void keep_rise(struct gather *g, const struct memory_sample *m)
{
	struct fact before = private_of(&g->baseline), now = private_of(m);

	if (!fact_known(before) || !fact_known(now))
		return;
	if (!fact_known(g->private_low))
		g->private_low = before;
	if (now.value < g->private_low.value)
		g->private_low = now;
	g->facts->private_fall_bytes = fact_of(before.value - g->private_low.value);
	g->facts->private_rise_bytes =
		fact_max(g->facts->private_rise_bytes, fact_of(now.value - g->private_low.value));
}

static void keep_settled(struct facts *f, const struct memory_sample *m)
{
	f->settled_usage_bytes = m->field[MEMORY_USAGE];
	f->settled_anon_bytes = m->field[MEMORY_ANON];
	f->settled_file_bytes = m->field[MEMORY_FILE];
	f->settled_kernel_bytes = m->field[MEMORY_KERNEL];
	f->settled_unreclaimable_bytes = memory_unreclaimable(m);
	f->settled_unclassed_bytes = gather_unclassed(m);
}

static void keep_oom(struct gather *g, const struct sample *s)
{
	bool first = g->oom_events++ == 0;
	if (first)
		g->first_oom_ns = s->t_ns;
	if (sample_nearer_kill(&g->at_oom, s, g->kills_before))
		g->at_oom = *s;
	/* Should only a worker die of it, no end will ask for this; the main process's own end asks again. */
	if (first && g->phase != GATHER_STOP)
		gather_death(g, s->t_ns);
}

/* Unreclaimable memory less the bookkeeping of page cache that has come since the baseline. */
static struct fact held(const struct gather *g, const struct memory_sample *m)
{
	struct fact all = memory_unreclaimable(m), kernel = m->field[MEMORY_KERNEL], file = m->field[MEMORY_FILE];
	struct fact kernel_before = g->baseline.field[MEMORY_KERNEL], file_before = g->baseline.field[MEMORY_FILE];

	if (!fact_known(all) || !fact_known(kernel) || !fact_known(kernel_before) ||
	    kernel.value <= kernel_before.value || file.value <= file_before.value)
		return all;
	uint64_t risen = kernel.value - kernel_before.value;
	uint64_t bookkeeping = (file.value - file_before.value) / FACTS_CACHE_BOOKKEEPING_DIVISOR;
	return fact_of(all.value - (risen < bookkeeping ? risen : bookkeeping));
}

struct fact gather_held(const struct gather *g)
{
	return held(g, &g->last.memory);
}

struct facts_round *gather_round(struct gather *g)
{
	if (g->facts->round_count == FACTS_ROUNDS_MAX)
		return NULL;
	g->round = &g->facts->rounds[g->facts->round_count++];
	g->round->start_bytes = g->round->peak_bytes = held(g, &g->last.memory);
	return g->round;
}

void gather_work(struct gather *g, const struct series_work *now)
{
	if (g->series.works.count == 0)
		series_note_level(&g->series, now->t_ns, held(g, &g->last.memory));
	series_note_work(&g->series, now);
}

void gather_live(struct gather *g, struct fact live)
{
	struct facts *f = g->facts;
	if (!fact_known(live))
		return;
	if (g->phase == GATHER_BASELINE)
		f->baseline_live_bytes = live;
	else if (g->phase == GATHER_SETTLE)
		f->settled_live_bytes = live;
	else if ((g->phase == GATHER_COLLECT || g->phase == GATHER_AFTER) && fact_known(f->settled_live_bytes) &&
		 live.value < f->settled_live_bytes.value)
		f->settled_live_bytes = live;
}

void gather_points(struct gather *g)
{
	g->facts->point_count = series_points(&g->series, g->facts->points, FACTS_POINTS_MAX);
}

void gather_sample(struct gather *g, const struct sample *s)
{
	g->recent[g->next] = *s;
	g->next = (g->next + 1) % GATHER_RECENT;
	if (g->count < GATHER_RECENT)
		g->count++;
	g->last = *s;
	if (s->reason == SAMPLE_OOM)
		keep_oom(g, s);
	struct fact faults = s->memory.field[MEMORY_PGMAJFAULT];
	switch (g->phase) {
	case GATHER_BEFORE:
	case GATHER_AFTER: /* the rig's own reading back and asking back: no load of the scenario's */
	case GATHER_STOP:
		return;
	case GATHER_BASELINE:
		keep_baseline(g->facts, &s->memory);
		g->facts->baseline_children_anon_bytes = children_anon(s);
		g->facts->baseline_open_files = s->process.open_files;
		g->facts->baseline_threads = s->process.threads;
		g->facts->baseline_processes = s->process.processes;
		g->baseline_faults = faults;
		g->baseline = s->memory;
		return;
	case GATHER_LOAD:
		if (fact_known(faults) && fact_known(g->baseline_faults))
			g->facts->load_major_faults = fact_of(faults.value - g->baseline_faults.value);
		if (g->series.works.count > 0)
			series_note_level(&g->series, s->t_ns, held(g, &s->memory));
		break;
	case GATHER_SETTLE:
		keep_settled(g->facts, &s->memory);
		keep_settled_holdings(g->facts, &s->process);
		break;
	case GATHER_COLLECT:
		g->facts->collected_unreclaimable_bytes = memory_unreclaimable(&s->memory);
		if (g->round != NULL)
			g->round->end_bytes = held(g, &s->memory);
		return;
	}
	keep_peaks(g->facts, &s->memory);
	keep_highest_holdings(g->facts, &s->process);
	keep_rise(g, &s->memory);
	if (g->round != NULL) {
		g->round->end_bytes = held(g, &s->memory);
		g->round->peak_bytes = fact_max(g->round->peak_bytes, g->round->end_bytes);
	}
	g->facts->peak_wal_bytes = fact_max(g->facts->peak_wal_bytes, s->disk.wal_bytes);
}

static const struct sample *nth_newest(const struct gather *g, size_t n)
{
	return &g->recent[(g->next + GATHER_RECENT - 1 - n) % GATHER_RECENT];
}

/* Of the second before to_ns the sample with the highest unreclaimable memory, NULL if there is none. */
static const struct sample *fullest_before(const struct gather *g, uint64_t to_ns)
{
	const struct sample *best = NULL;
	for (size_t n = g->count; n-- > 0;) {
		const struct sample *s = nth_newest(g, n);
		if (s->t_ns > to_ns || to_ns - s->t_ns > DEATH_WINDOW_NS)
			continue;
		if (best == NULL || memory_unreclaimable(&s->memory).value >= memory_unreclaimable(&best->memory).value)
			best = s;
	}
	return best;
}

static uint64_t kills(const struct sample *s)
{
	return s->memory.field[MEMORY_OOM_KILL].value; /* 0 unless known */
}

/* The last sample that had not counted the kill, of several at once the first; 0: none was counted meanwhile. */
static uint64_t before_the_kill(const struct gather *g, uint64_t end_ns)
{
	uint64_t counted = UINT64_MAX, found_ns = 0;
	for (size_t n = 0; n < g->count; n++) {
		const struct sample *s = nth_newest(g, n);
		if (s->t_ns > end_ns)
			continue;
		if (end_ns - s->t_ns > SAMPLE_DYING_NS || (found_ns != 0 && found_ns - s->t_ns > DEATH_WINDOW_NS))
			break;
		if (kills(s) < counted && counted != UINT64_MAX)
			found_ns = s->t_ns;
		if (kills(s) < counted)
			counted = kills(s);
	}
	return found_ns;
}

static bool main_has_memory(const struct sample *s)
{
	return fact_known(s->process.main_rss_anon_bytes) && s->process.main_rss_anon_bytes.value > 0;
}

/* The last sample in which the main process had memory; where that was not seen, the end. */
static uint64_t last_alive(const struct gather *g, uint64_t end_ns)
{
	for (size_t n = 0; n < g->count; n++) {
		const struct sample *s = nth_newest(g, n);
		if (s->t_ns <= end_ns && end_ns - s->t_ns <= SAMPLE_DYING_NS && main_has_memory(s))
			return s->t_ns;
	}
	return end_ns;
}

/*
 * The end is seen late, seconds so on a busy machine, and what was left by then says nothing of what was there: back
 * to the kernel's kill where it was counted, or else to where the process still had memory.
 */
static uint64_t moment_of_death(const struct gather *g, uint64_t end_ns)
{
	uint64_t kill_ns = before_the_kill(g, end_ns);
	return kill_ns != 0 ? kill_ns : last_alive(g, end_ns);
}

/* From the newest back: of each step the newest sample that is at least that old. */
static void note_last_second(struct gather *g, uint64_t to_ns)
{
	static const uint64_t before_ms[LAST_SECOND_STEPS] = { 1000, 500, 200, 100, 50, 20, 10, 0 };
	const struct sample *found[LAST_SECOND_STEPS] = { NULL };
	struct last_second *last = &g->last_second;
	uint64_t later_ns = to_ns;

	memset(last, 0, sizeof(*last));
	for (size_t n = 0; n < g->count; n++) {
		const struct sample *s = nth_newest(g, n);
		if (s->t_ns > to_ns)
			continue;
		for (size_t i = 0; i < LAST_SECOND_STEPS; i++)
			if (found[i] == NULL && to_ns - s->t_ns >= before_ms[i] * NS_PER_MS)
				found[i] = s;
		if (to_ns - s->t_ns > DEATH_WINDOW_NS)
			break;
		last->from_ns = s->t_ns;
		last->to_ns = to_ns;
		last->samples++;
		if (later_ns - s->t_ns > last->gap_max_ns)
			last->gap_max_ns = later_ns - s->t_ns;
		later_ns = s->t_ns;
	}
	for (size_t i = 0; i < LAST_SECOND_STEPS && last->samples > 0; i++)
		if (found[i] != NULL && (i == 0 || found[i] != found[i - 1]))
			last->step[last->steps++] = *found[i];
}

const struct sample *gather_at_death(const struct gather *g, uint64_t end_ns)
{
	bool by_event = g->at_oom.t_ns != 0 && end_ns - g->at_oom.t_ns <= SAMPLE_DYING_NS;
	return by_event ? &g->at_oom : fullest_before(g, moment_of_death(g, end_ns));
}

void gather_next_life(struct gather *g, struct facts *facts)
{
	g->facts = facts;
	g->round = NULL;
}

void gather_forget(struct gather *g, uint64_t kills)
{
	g->count = g->next = 0;
	g->at_oom = (struct sample){ 0 };
	g->kills_before = kills;
}

void gather_death(struct gather *g, uint64_t end_ns)
{
	const struct sample *best = gather_at_death(g, end_ns);
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
	f->death_unevictable_bytes = field[MEMORY_UNEVICTABLE];
	f->death_children_anon_bytes = children_anon(best);
	note_last_second(g, best == &g->at_oom ? best->t_ns : moment_of_death(g, end_ns));
}

void gather_release(struct gather *g)
{
	series_release(&g->series);
	free(g->recent);
	g->recent = NULL;
}
