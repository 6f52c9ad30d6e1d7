#include "judge/growing.h"

#include <inttypes.h>

#include "judge/evidence.h"
#include "judge/law.h"
#include "judge/recipe.h"

static bool collected(const struct facts *f)
{
	return fact_known(f->collected_unreclaimable_bytes);
}

static void ask_rounds(const struct facts *f, struct growing *out)
{
	struct law laws[LAWS];

	laws_fit(f, laws);
	out->by_rounds = true;
	out->yes = laws[LAW_KEPT].dominant >= 0;
	out->bounded = laws[LAW_KEPT].fitted && !out->yes && laws[LAW_KEPT].mean_bytes <= LAW_NOISE_BYTES;
}

/* A quarter of what stayed and less is no explanation of it, half of it is one; between them the figure says nothing.
 */
#define LIVE_FELL_DIVISOR 4
#define LIVE_GREW_DIVISOR 2

static void ask_the_server(const struct facts *f, uint64_t kept_bytes, struct growing *out)
{
	struct fact before = f->baseline_live_bytes, after = f->settled_live_bytes;

	if (!fact_known(before) || !fact_known(after))
		return;
	out->live_rise = after.value > before.value ? after.value - before.value : 0;
	out->live_fell = out->live_rise <= kept_bytes / LIVE_FELL_DIVISOR;
	out->live_grew = out->live_rise >= kept_bytes / LIVE_GREW_DIVISOR;
}

void growing_find(const struct facts *f, uint64_t base_bytes, uint64_t end_bytes, uint64_t noise_bytes,
		  struct growing *out)
{
	const struct recipe *recipe = recipe_of(f->runtime);

	*out = (struct growing){ .yes = false };
	ask_the_server(f, end_bytes > base_bytes ? end_bytes - base_bytes : 0, out);
	if (f->round_count >= LAW_ROUNDS_MIN) {
		ask_rounds(f, out);
		return;
	}
	if (f->round_count > 1)
		return;
	trend_make(f, base_bytes, end_bytes, noise_bytes, &out->trend);
	out->yes = out->trend.kind == TREND_GROWS;
	out->garbage_likely = out->yes && recipe != NULL && !collected(f) && end_bytes >= base_bytes &&
			      end_bytes - base_bytes < recipe->garbage_bytes;
	out->yes &= !out->garbage_likely && !out->live_fell;
}

static const char *const trend_words[] = {
	[TREND_UNKNOWN] = "so few requests, or so few looks at them, do not show how it rose",
	[TREND_STILL] = "within the noise, so it stood still, and nothing shows that more of the same would raise it",
	[TREND_SLOWING] = "it rose less and less, or in steps, as caches and heaps do that fill once",
	[TREND_IN_FLIGHT] = "meanwhile more requests were under way at once than before, which may explain it",
	[TREND_GROWS] = "it kept rising with the work",
};

static void trend_line(const struct growing *g, struct verdict *v)
{
	const struct trend *t = &g->trend;

	if (t->kind == TREND_UNKNOWN)
		evidence_add(v, "%s", trend_words[t->kind]);
	else
		evidence_add(v, "by work, the first half of the load added %s to what stayed, the second half %s: %s",
			     SIZE_TEXT(units_whole(t->first_half)), SIZE_TEXT(units_whole(t->second_half)),
			     trend_words[t->kind]);
}

static void decider_line(const struct facts *f, struct verdict *v)
{
	const struct recipe *recipe = recipe_of(f->runtime);

	if (recipe == NULL || collected(f))
		evidence_add(
			v, "what would decide it: several rounds of the load (--set rounds=9)%s",
			collected(f)
				? ""
				: ", or a garbage collection on request, where the server can do one (server.collect)");
	else
		evidence_add(v,
			     "what would decide it: several rounds of the load (--set rounds=9), or server.collect for "
			     "%s: %s",
			     recipe->name, recipe->how);
}

static void live_line(const struct facts *f, const struct growing *g, struct verdict *v)
{
	if (!g->live_fell && !g->live_grew)
		return;
	evidence_add(v, "the server itself says that it holds %s after the load, %s before it: %s",
		     SIZE_TEXT(f->settled_live_bytes.value), SIZE_TEXT(f->baseline_live_bytes.value),
		     g->live_fell ? "what stayed is kept by its allocator or runtime"
				  : "what stayed is in use, by its own account");
}

void growing_explain(const struct facts *f, const struct growing *g, struct verdict *v)
{
	if (g->by_rounds) {
		if (!g->yes)
			evidence_add(v, "over %zu rounds of load it %s", f->round_count,
				     g->bounded ? "stayed bounded: no leak"
						: "followed neither requests nor bytes: no leak is shown");
		return;
	}
	if (f->round_count <= 1)
		trend_line(g, v);
	live_line(f, g, v);
	if (g->garbage_likely)
		evidence_add(v, "%s collects its garbage when it sees fit: a rise of less than %s may be garbage",
			     recipe_of(f->runtime)->name,
			     recipe_of(f->runtime)->garbage_bytes == UINT64_MAX
				     ? "the cap"
				     : SIZE_TEXT(recipe_of(f->runtime)->garbage_bytes));
	if (!g->yes)
		decider_line(f, v);
}
