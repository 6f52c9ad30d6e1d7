#include "judge/passes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "judge/evidence.h"

#define CONFIDENCE 0.95
/* A kernel that charges in advance and an allocator's pages move by that much, whatever the server does. */
#define NOISE_BYTES 1048576.0

#define SIGNED_TEXT_MAX (UNITS_TEXT_MAX + 1)
#define SIGNED_TEXT(bytes) signed_size(bytes, (char[SIGNED_TEXT_MAX]){ 0 })

static const char *signed_size(double bytes, char out[SIGNED_TEXT_MAX])
{
	snprintf(out, SIGNED_TEXT_MAX, "%c%s", bytes < 0 ? '-' : '+', SIZE_TEXT(units_whole(fabs(bytes))));
	return out;
}

static struct fact figure(const struct facts_pass *pass, size_t offset)
{
	return *(const struct fact *)((const char *)pass + offset);
}

bool passes_slope(const struct facts *f, size_t offset, struct slope *out)
{
	double x[FACTS_PASSES_MAX], y[FACTS_PASSES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < f->pass_count; i++) {
		struct fact bytes = figure(&f->passes[i], offset);
		if (!fact_known(bytes) || !fact_known(f->passes[i].number))
			continue;
		x[n] = (double)f->passes[i].number.value;
		y[n++] = (double)bytes.value;
	}
	if (n < 2)
		return false;
	*out = stats_slope(x, y, n, CONFIDENCE);
	return true;
}

/* "+1.20 MiB" from one pass to another, or that it is not known. */
static const char *step_text(const struct facts_pass *from, const struct facts_pass *to, size_t offset,
			     char out[SIGNED_TEXT_MAX])
{
	struct fact a = figure(from, offset), b = figure(to, offset);

	if (fact_known(a) && fact_known(b))
		return signed_size((double)b.value - (double)a.value, out);
	snprintf(out, SIGNED_TEXT_MAX, "unknown");
	return out;
}

#define STEP_TEXT(from, to, member)                                                                                    \
	step_text(from, to, offsetof(struct facts_pass, member), (char[SIGNED_TEXT_MAX]){ 0 })

/* The pass after which unreclaimable memory had risen the most since the one before. */
static size_t steepest(const struct facts *f)
{
	size_t best = 1;
	double most = -INFINITY;

	for (size_t i = 1; i < f->pass_count; i++) {
		struct fact before = f->passes[i - 1].unreclaimable_bytes, after = f->passes[i].unreclaimable_bytes;
		double rise = (double)after.value - (double)before.value;
		if (fact_known(before) && fact_known(after) && rise > most) {
			most = rise;
			best = i;
		}
	}
	return best;
}

static void slope_line(const struct facts *f, struct verdict *v)
{
	uint64_t passes = f->passes[f->pass_count - 1].number.value - f->passes[0].number.value;
	struct slope s;

	if (!passes_slope(f, offsetof(struct facts_pass, unreclaimable_bytes), &s))
		return;
	bool rises = s.interval.lo > 0 && s.estimate * (double)passes > NOISE_BYTES;
	if (isfinite(s.interval.lo) && isfinite(s.interval.hi))
		evidence_add(v, "from pass to pass: unreclaimable %s (95 %%: %s to %s)%s", SIGNED_TEXT(s.estimate),
			     SIGNED_TEXT(s.interval.lo), SIGNED_TEXT(s.interval.hi),
			     rises ? ": something stays each time" : ": no rise that can be told from noise");
	else
		evidence_add(v, "from pass to pass: unreclaimable %s; too few passes to tell a rise from noise",
			     SIGNED_TEXT(s.estimate));
}

void passes_explain(const struct facts *f, struct verdict *v)
{
	if (f->pass_count < 2 || (v->outcome != OUTCOME_GREW && v->outcome != OUTCOME_STEADY))
		return;
	const struct facts_pass *first = &f->passes[0], *last = &f->passes[f->pass_count - 1];
	const struct facts_pass *step = &f->passes[steepest(f)];
	evidence_add(v,
		     "after pass %" PRIu64 " of its maintenance: unreclaimable %s against pass %" PRIu64
		     ", charge %s, log %s; the steepest rise since the pass before: %s after pass %" PRIu64,
		     last->number.value, STEP_TEXT(first, last, unreclaimable_bytes), first->number.value,
		     STEP_TEXT(first, last, usage_bytes), STEP_TEXT(first, last, wal_bytes),
		     STEP_TEXT(step - 1, step, unreclaimable_bytes), step->number.value);
	slope_line(f, v);
}
