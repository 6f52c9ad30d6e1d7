#include "judge/rules.h"

#include <inttypes.h>

#include "base/macros.h"
#include "judge/evidence.h"
#include "judge/growing.h"
#include "judge/law.h"

#define MIB 1048576ULL

/*
 * What moves without saying anything: allocator arenas and thread stacks that
 * fill once, a database's own cache, the kernel's charges in advance.  A
 * sixteenth of the cap, within bounds: a streaming server may hold 16 MiB in
 * all (the fixed builds of the case study peak at 16 to 23 MB of anon), and
 * under 4 MiB even the group's bookkeeping moves (per-CPU charges of 64 pages,
 * v1's anon figure lagging by 2 MB).
 */
#define NOISE_MIN (4 * MIB)
#define NOISE_MAX (16 * MIB)
#define NOISE_CAP_DIVISOR 16

/* Unreclaimable memory names the growth when it is this much of it, or this much at all. */
#define PEAK_SHARE_DIVISOR 4
#define PEAK_ALWAYS (64 * MIB)

/* While huge pages are taken apart, the classes of their parts scatter: 6 to 20 MiB of anon for 315 MiB of them. */
#define UNCLASSED_NOISE_DIVISOR 16

/* Less of the rise than this is what a peak leaves behind; that it goes on growing is a leak however small. */
#define STAYED_SHARE_DIVISOR 3

/* Page cache counts as given back when at most a tenth of the growth stayed. */
#define STAYED_DIVISOR 10

struct growth {
	uint64_t noise;
	uint64_t usage;		/* peak over baseline */
	uint64_t unreclaimable; /* peak over baseline */
	uint64_t base;		/* unreclaimable: what the rise counts from */
	uint64_t kept;		/* unreclaimable, end over baseline */
	uint64_t garbage;   /* of what had stayed after settling, given back when the server was asked to collect it */
	uint64_t unseen;    /* of the watermark, not explained by samples */
	uint64_t fall;	    /* of private memory below the baseline; 0: within the noise */
	uint64_t unclassed; /* of the charge's rise, in no known class */
	bool squeezed;	    /* kept was read after the page cache had been asked back */
};

static uint64_t above(uint64_t value, uint64_t base)
{
	return value > base ? value - base : 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t judge_noise_bytes(const struct facts *f)
{
	/* While the run goes on, what was asked for has to do. */
	struct fact cap = f->cap_in_force_bytes.state == FACT_ABSENT ? f->cap_asked_bytes : f->cap_in_force_bytes;

	if (!fact_set(cap))
		return NOISE_MAX;
	return larger(NOISE_MIN, smaller(NOISE_MAX, cap.value / NOISE_CAP_DIVISOR));
}

/* Part of the kernel memory's rise that is bookkeeping of risen page cache. */
static uint64_t bookkeeping(const struct facts *f, struct fact kernel, struct fact file)
{
	if (!fact_known(kernel) || !fact_known(f->baseline_kernel_bytes) || !fact_known(file))
		return 0;
	/* An unknown baseline of the cache counts as none: what follows is an upper bound and capped by the rise
	 * itself. */
	return smaller(above(kernel.value, f->baseline_kernel_bytes.value),
		       above(file.value, f->baseline_file_bytes.value) / FACTS_CACHE_BOOKKEEPING_DIVISOR);
}

/*
 * Kernel memory that went when the page cache was asked back: dentries and
 * inodes, a few hundred bytes of them for the smallest file.  The kernel takes
 * them as it takes page cache, so they are no part of what kills.
 */
static uint64_t shrunk(const struct facts *f)
{
	if (!fact_known(f->settled_kernel_bytes) || !fact_known(f->squeezed_kernel_bytes))
		return 0;
	return smaller(above(f->settled_kernel_bytes.value, f->squeezed_kernel_bytes.value),
		       above(f->peak_kernel_bytes.value, f->baseline_kernel_bytes.value));
}

/*
 * What a server gives back of its start would hide as much growth of the load:
 * the rise then counts from the lowest point, not from the baseline.
 */
static uint64_t fall_below_baseline(const struct facts *f)
{
	return f->private_fall_bytes.value > judge_noise_bytes(f) ? f->private_fall_bytes.value : 0;
}

/*
 * The rig never resets the watermark, so it also holds what start and prepare
 * reached: it speaks of the load only if it rose during the load.  The server
 * may have reset it: it is never below the highest sample.
 */
static uint64_t peak_usage(const struct facts *f)
{
	if (fact_known(f->peak_sampled_usage_bytes) && fact_known(f->baseline_watermark_bytes) &&
	    f->peak_usage_bytes.value <= f->baseline_watermark_bytes.value)
		return f->peak_sampled_usage_bytes.value;
	return larger(f->peak_usage_bytes.value, f->peak_sampled_usage_bytes.value);
}

/*
 * Unreclaimable memory after the squeeze.  Where its parts were not read: what
 * is still charged and is no page cache, which is an upper bound.
 */
static struct fact after_squeeze(const struct facts *f)
{
	if (fact_known(f->squeezed_unreclaimable_bytes))
		return f->squeezed_unreclaimable_bytes;
	if (!fact_known(f->squeezed_usage_bytes) || !fact_known(f->squeezed_file_bytes))
		return FACT_NONE;
	return fact_of(above(f->squeezed_usage_bytes.value, f->squeezed_file_bytes.value));
}

/* After settling, and after garbage was collected where the server can be asked to. */
static struct fact at_end(const struct facts *f)
{
	return fact_known(f->collected_unreclaimable_bytes) ? f->collected_unreclaimable_bytes
							    : f->settled_unreclaimable_bytes;
}

/*
 * The least of the readings after the load: what the rig did later (its own
 * reading back, its asking back) can only show that more was given back, never
 * that the load left more.
 */
static uint64_t kept_bytes(const struct facts *f, uint64_t base, bool squeezed)
{
	uint64_t kept = above(after_squeeze(f).value, base);
	uint64_t settled =
		above(above(at_end(f).value, base), bookkeeping(f, f->settled_kernel_bytes, f->settled_file_bytes));

	if (!squeezed || (fact_known(at_end(f)) && settled < kept))
		return settled;
	return kept;
}

/* The charge's rise that no class explains. */
static uint64_t unclassed_bytes(const struct facts *f)
{
	return fact_known(f->peak_unclassed_bytes) && fact_known(f->baseline_unclassed_bytes)
		       ? above(f->peak_unclassed_bytes.value, f->baseline_unclassed_bytes.value)
		       : 0;
}

static void measure(const struct facts *f, struct growth *g)
{
	uint64_t base = f->baseline_unreclaimable_bytes.value;
	uint64_t peak = peak_usage(f);

	g->noise = judge_noise_bytes(f);
	g->usage = above(peak, f->baseline_usage_bytes.value);
	/* The baseline is a sample too: memory may fall before the first one of the load. */
	g->unseen = fact_known(f->peak_sampled_usage_bytes)
			    ? above(g->usage, above(f->peak_sampled_usage_bytes.value, f->baseline_usage_bytes.value))
			    : 0;
	g->fall = fall_below_baseline(f);
	g->unreclaimable = above(above(f->peak_unreclaimable_bytes.value, base),
				 larger(shrunk(f), bookkeeping(f, f->peak_kernel_bytes, f->peak_file_bytes)));
	if (g->fall > 0)
		g->unreclaimable = larger(g->unreclaimable, f->private_rise_bytes.value);
	base = above(base, g->fall);
	g->base = base;
	g->unclassed = unclassed_bytes(f);
	g->noise += g->unclassed / UNCLASSED_NOISE_DIVISOR;
	g->squeezed = fact_known(after_squeeze(f));
	g->kept = kept_bytes(f, base, g->squeezed);
	g->garbage = above(f->settled_unreclaimable_bytes.value, at_end(f).value);
}

/* Every figure that the verdict needs must be there. */
static bool missing(const struct facts *f, struct verdict *v)
{
	const struct {
		const char *name;
		struct fact fact;
	} needed[] = {
		{ "charge before the load", f->baseline_usage_bytes },
		{ "unreclaimable memory before the load", f->baseline_unreclaimable_bytes },
		{ "peak of the charge", f->peak_usage_bytes },
		{ "peak of unreclaimable memory", f->peak_unreclaimable_bytes },
		{ "unreclaimable memory after the load", fact_max(after_squeeze(f), f->settled_unreclaimable_bytes) },
	};

	for (size_t i = 0; i < COUNT(needed); i++)
		if (!fact_known(needed[i].fact))
			return evidence_decide(v, OUTCOME_INVALID, "evidence",
					       "the %s is %s: nothing can be said of its growth", needed[i].name,
					       FACT_SIZE_TEXT(needed[i].fact));
	if (f->collect_error[0] != '\0')
		return evidence_decide(v, OUTCOME_INVALID, "evidence", "%s: garbage or leak, what stays is not known",
				       f->collect_error);
	return false;
}

static void garbage_line(const struct facts *f, const struct growth *g, struct verdict *v)
{
	if (g->garbage > g->noise)
		evidence_add(v,
			     "%s of what stayed after the load was garbage: asked to collect it, the server went from "
			     "%s to %s",
			     SIZE_TEXT(g->garbage), SIZE_TEXT(f->settled_unreclaimable_bytes.value),
			     SIZE_TEXT(f->collected_unreclaimable_bytes.value));
}

static void warm_up_line(const struct facts *f, struct verdict *v)
{
	if (fact_known(f->warm_up_rounds))
		evidence_add(v, "warmed up before the baseline by %llu rounds of one file for each client: %s",
			     (unsigned long long)f->warm_up_rounds.value, f->warm_up);
}

static void usage_line(const struct facts *f, struct verdict *v)
{
	warm_up_line(f, v);
	evidence_add(v,
		     "charged memory (all that counts against the cap) %s before the load, %s at its peak; highest "
		     "samples: anon %s, page cache %s, shmem %s, "
		     "kernel %s",
		     SIZE_TEXT(f->baseline_usage_bytes.value), SIZE_TEXT(peak_usage(f)),
		     FACT_SIZE_TEXT(f->peak_anon_bytes), FACT_SIZE_TEXT(f->peak_file_bytes),
		     FACT_SIZE_TEXT(f->peak_shmem_bytes), FACT_SIZE_TEXT(f->peak_kernel_bytes));
}

/* By whether the server was asked to collect its garbage, and whether the page cache was asked back. */
static const char *const kept_when[2][2] = {
	{ " after the load", " after the load, the page cache given back" },
	{ " after the load, its garbage collected",
	  " after the load, its garbage collected and the page cache given back" },
};

static void fall_line(const struct growth *g, struct verdict *v)
{
	if (g->fall > 0)
		evidence_add(
			v,
			"the rise counts from the lowest point of the load: %s of what was held before it had been "
			"given back by then",
			SIZE_TEXT(g->fall));
}

static void unclassed_line(const struct facts *f, const struct growth *g, struct verdict *v)
{
	if (g->unclassed <= g->noise)
		return;
	evidence_add(
		v,
		"%s of the charge was in no known class (neither anon, page cache, shmem nor kernel memory), as are "
		"huge pages that wait to be split; %s of that before the kernel was asked to free memory, %s after",
		SIZE_TEXT(g->unclassed), FACT_SIZE_TEXT(f->settled_unclassed_bytes),
		FACT_SIZE_TEXT(f->squeezed_unclassed_bytes));
}

/* By each request that ended, however it did: those that vanished or were refused are work too. */
static void per_request_line(const struct facts *f, const struct growth *g, const struct growing *how,
			     struct verdict *v)
{
	uint64_t ended = f->requests_ok.value + f->requests_failed.value + f->requests_cut.value;

	if (ended == 0)
		return;
	evidence_add(v, "that is %s for each of %" PRIu64 " requests, of which %" PRIu64 " were answered%s",
		     SIZE_TEXT(g->kept / ended), ended, f->requests_ok.value,
		     how->by_rounds ? "" : "; a single load cannot tell a leak from a cache that fills once");
}

/*
 * Whether the peak counts beside the page cache is asked of what the load takes of an idle server: how much of that a
 * warm-up has taken before the baseline differs from run to run.
 */
static uint64_t risen_from_idle(const struct facts *f, const struct growth *g)
{
	uint64_t base = f->baseline_unreclaimable_bytes.value;

	if (!fact_known(f->warm_up_from_bytes) || !fact_known(f->settled_live_bytes))
		return g->unreclaimable;
	return g->unreclaimable + above(base, f->warm_up_from_bytes.value);
}

static bool peak_counts(const struct facts *f, const struct growth *g)
{
	return g->unreclaimable > g->noise &&
	       risen_from_idle(f, g) >= smaller(g->usage / PEAK_SHARE_DIVISOR, PEAK_ALWAYS);
}

/*
 * Its garbage collected, the server holds by its own account no more than before: how much of that its allocator has
 * given to the kernel by then is chance, and not part of the verdict.
 */
static bool let_go(const struct facts *f, const struct growth *g)
{
	struct growing how;

	if (!fact_known(f->collected_unreclaimable_bytes))
		return false;
	growing_find(f, g->base, g->base + g->kept, g->noise, &how);
	return how.live_fell && !how.by_rounds;
}

/* Unreclaimable memory rose and stayed: does it go on? */
static bool stayed(const struct facts *f, const struct growth *g, struct verdict *v)
{
	struct growing how;

	if (g->kept <= g->noise || (peak_counts(f, g) && let_go(f, g)))
		return false;
	growing_find(f, g->base, g->base + g->kept, g->noise, &how);
	if (g->kept < g->unreclaimable / STAYED_SHARE_DIVISOR && !how.yes)
		return false;
	evidence_decide(v, OUTCOME_GREW, how.yes ? "leak" : "kept",
			"unreclaimable memory rose by %s and %s of it stayed%s%s",
			SIZE_TEXT(larger(g->unreclaimable, g->kept)), SIZE_TEXT(g->kept),
			kept_when[fact_known(f->collected_unreclaimable_bytes)][g->squeezed],
			how.yes || how.by_rounds ? "" : "; whether more work would raise it, this load cannot tell");
	if (how.yes)
		per_request_line(f, g, &how, v);
	growing_explain(f, &how, v);
	garbage_line(f, g, v);
	fall_line(g, v);
	unclassed_line(f, g, v);
	usage_line(f, v);
	return true;
}

static bool peak(const struct facts *f, const struct growth *g, struct verdict *v)
{
	bool at_allocator = g->kept > g->noise && let_go(f, g);

	if (!peak_counts(f, g))
		return false;
	evidence_decide(v, OUTCOME_GREW, "peak",
			at_allocator
				? "unreclaimable memory rose by %s under load; the server has let go of it, and %s "
				  "above the level before stayed with its allocator"
				: "unreclaimable memory rose by %s under load and all but %s of it was given back",
			SIZE_TEXT(g->unreclaimable), SIZE_TEXT(g->kept));
	if (fact_set(f->cap_in_force_bytes))
		evidence_add(v, "at its highest sample it filled %.0f %% of the cap of %s",
			     100.0 * (double)f->peak_unreclaimable_bytes.value / (double)f->cap_in_force_bytes.value,
			     SIZE_TEXT(f->cap_in_force_bytes.value));
	garbage_line(f, g, v);
	if (at_allocator)
		evidence_add(
			v,
			"the server itself says that it holds %s after the load, %s before it: what stayed is kept by "
			"its allocator or runtime",
			SIZE_TEXT(f->settled_live_bytes.value), SIZE_TEXT(f->baseline_live_bytes.value));
	else if (g->kept > g->noise)
		evidence_add(v, "what stayed, %s, is above the noise of %s: a leak may stand behind the peak%s",
			     SIZE_TEXT(g->kept), SIZE_TEXT(g->noise),
			     f->round_count >= LAW_ROUNDS_MIN ? "" : ", and several rounds of load can tell");
	fall_line(g, v);
	unclassed_line(f, g, v);
	usage_line(f, v);
	return true;
}

/* The watermark saw more than the samples: could the difference be a peak of unreclaimable memory? */
static bool unseen_peak(const struct growth *g, struct verdict *v)
{
	uint64_t possible = g->unreclaimable + g->unseen;

	if (g->unseen <= g->noise || possible < smaller(g->usage / PEAK_SHARE_DIVISOR, PEAK_ALWAYS))
		return false;
	return evidence_decide(
		v, OUTCOME_INVALID, "samples",
		"the kernel's watermark lies %s above the highest sample: which memory that was, nobody saw",
		SIZE_TEXT(g->unseen));
}

/*
 * What is no page cache is not called so because it came back: huge pages that
 * wait to be split are charged and in no class, and anon marked as free is anon.
 */
static void rise_line(const struct facts *f, const struct growth *g, struct verdict *v)
{
	uint64_t cache = above(f->peak_file_bytes.value, f->baseline_file_bytes.value);
	bool unnamed = g->unclassed > g->noise && g->unclassed > cache;

	evidence_decide(v, OUTCOME_GREW, unnamed ? NULL : "page-cache",
			"the memory charged to the server rose by %s, of which %s is unreclaimable%s",
			SIZE_TEXT(g->usage), SIZE_TEXT(g->unreclaimable), unnamed ? " and most is no page cache" : "");
	unclassed_line(f, g, v);
}

/* What is unreclaimable after the squeeze and was not there before came from the rig's own reading back. */
static struct fact less_later(const struct facts *f, struct fact squeezed)
{
	struct fact after = f->squeezed_unreclaimable_bytes;

	if (!fact_known(squeezed) || !fact_known(after) || !fact_known(at_end(f)))
		return squeezed;
	return fact_of(above(squeezed.value, above(after.value, at_end(f).value)));
}

static bool page_cache(const struct facts *f, const struct growth *g, struct verdict *v)
{
	uint64_t may_stay = larger(g->noise, g->usage / STAYED_DIVISOR);
	uint64_t base = f->baseline_usage_bytes.value;
	struct fact settled = f->settled_usage_bytes, squeezed = less_later(f, f->squeezed_usage_bytes);
	bool by_itself = fact_known(settled) && above(settled.value, base) <= may_stay;

	if (!by_itself && !fact_known(squeezed)) {
		evidence_decide(v, OUTCOME_INVALID, "unproven",
				"the memory charged to the server rose by %s, which looks like page cache, but what "
				"the kernel gave back on request is %s",
				SIZE_TEXT(g->usage), FACT_SIZE_TEXT(squeezed));
	} else if (!by_itself && above(squeezed.value, base) > may_stay) {
		evidence_decide(v, OUTCOME_INVALID, "unproven",
				"the memory charged to the server rose by %s, which looks like page cache, but %s "
				"stayed when the kernel was asked to free it (page cache %s)",
				SIZE_TEXT(g->usage), SIZE_TEXT(squeezed.value), FACT_SIZE_TEXT(f->squeezed_file_bytes));
	} else {
		rise_line(f, g, v);
		if (by_itself)
			evidence_add(v, "after the load it fell back to %s without being asked",
				     SIZE_TEXT(settled.value));
		else
			evidence_add(v,
				     "the kernel was asked to free the page cache: it fell from %s to %s, the charge "
				     "from %s to %s",
				     FACT_SIZE_TEXT(f->settled_file_bytes), FACT_SIZE_TEXT(f->squeezed_file_bytes),
				     FACT_SIZE_TEXT(settled), SIZE_TEXT(squeezed.value));
	}
	usage_line(f, v);
	return true;
}

bool rule_growth(const struct facts *f, struct verdict *v)
{
	struct growth g;

	if (missing(f, v))
		return true;
	measure(f, &g);
	if (stayed(f, &g, v) || peak(f, &g, v) || unseen_peak(&g, v))
		return true;
	if (g.usage > g.noise)
		return page_cache(f, &g, v);
	evidence_decide(
		v, OUTCOME_STEADY, NULL,
		"the memory charged to the server rose by %s, unreclaimable memory by %s: both within the noise of %s",
		SIZE_TEXT(g.usage), SIZE_TEXT(g.unreclaimable), SIZE_TEXT(g.noise));
	return true;
}
