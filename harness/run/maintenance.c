#include "run/maintenance.h"

#include "judge/passes.h"

static void drop_every_second(struct facts *f)
{
	for (size_t i = 1; i * 2 < f->pass_count; i++)
		f->passes[i] = f->passes[i * 2];
	f->pass_count = (f->pass_count + 1) / 2;
}

void maintenance_note(struct maintenance *p, const struct gather *g, bool loading, uint64_t number, uint64_t seen_ns)
{
	const struct sample *s = &g->last;
	struct facts *f = g->facts;
	if (!loading) {
		p->before = p->last = number;
		return;
	}
	f->maintenance_passes = fact_of(number - p->before);
	if (number == p->last)
		return;
	p->last = number;
	if (p->stride == 0)
		p->stride = 1;
	if (f->pass_count > 0 && number - f->passes[f->pass_count - 1].number.value < p->stride)
		return;
	if (f->pass_count == FACTS_PASSES_MAX) {
		drop_every_second(f);
		p->stride *= 2;
	}
	f->passes[f->pass_count++] = (struct facts_pass){ .number = fact_of(number),
							  .seen_ns = fact_of(seen_ns),
							  .usage_bytes = s->memory.field[MEMORY_USAGE],
							  .anon_bytes = s->memory.field[MEMORY_ANON],
							  .unreclaimable_bytes = gather_held(g),
							  .wal_bytes = s->disk.wal_bytes };
}

static struct fact rise(const struct facts *f, size_t offset)
{
	struct slope s;

	if (!passes_slope(f, offset, &s))
		return FACT_NONE;
	return fact_of(s.estimate > 0 ? (uint64_t)s.estimate : 0);
}

void maintenance_sum_up(struct facts *f)
{
	f->pass_rise_bytes = rise(f, offsetof(struct facts_pass, unreclaimable_bytes));
	f->pass_wal_rise_bytes = rise(f, offsetof(struct facts_pass, wal_bytes));
}
