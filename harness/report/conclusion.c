#include <string.h>

#include "report/column.h"

#define OFFSET(field) offsetof(struct facts, field)

/* A figure of some of the runs, and the words around it. */
struct phrase {
	size_t offset; /* of the figure in struct facts */
	enum runs_taken taken;
	const char *before, *after;
	const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]);
};

static void add_spread(struct buf *b, const struct page *p, const struct column *c, const struct phrase *phrase)
{
	struct spread s = column_spread(c, phrase->offset, phrase->taken);
	if (s.known == 0)
		return;
	buf_adds(b, phrase->before);
	spread_add(b, p, &s, phrase->format);
	buf_adds(b, phrase->after);
}

/* At most so much in any run: the figure that bounds them all. */
static void add_most(struct buf *b, const struct column *c, size_t offset, enum runs_taken taken, const char *before,
		     const char *after)
{
	struct spread s = column_spread(c, offset, taken);
	char text[UNITS_TEXT_MAX];
	if (s.known > 0)
		buf_addf(b, "%s%s%s", before, figure_size(fact_of(s.max), text), after);
}

static void died(struct buf *b, const struct page *p, const struct column *c)
{
	add_spread(b, p, c,
		   &(const struct phrase){ OFFSET(server_end_ns), RUNS_CRASHED, " ", " after its start",
					   figure_duration });
	add_spread(b, p, c,
		   &(const struct phrase){ OFFSET(death_anon_bytes), RUNS_CRASHED, " with ", " anon", figure_size });
	struct spread shmem = column_spread(c, OFFSET(death_shmem_bytes), RUNS_CRASHED);
	if (shmem.known > 0 && shmem.max >= 1 << 20)
		add_spread(b, p, c,
			   &(const struct phrase){ OFFSET(death_shmem_bytes), RUNS_CRASHED, " and ", " shmem",
						   figure_size });
}

static void filled_cache(struct buf *b, const struct page *p, const struct column *c)
{
	add_most(b, c, OFFSET(peak_usage_bytes), RUNS_ENDED, " up to ", "");
	add_most(b, c, OFFSET(peak_anon_bytes), RUNS_ENDED, " (anon at most ", ")");
	struct spread before = column_spread(c, OFFSET(settled_usage_bytes), RUNS_ENDED);
	if (before.known > 0 && column_spread(c, OFFSET(squeezed_usage_bytes), RUNS_ENDED).known > 0)
		add_spread(b, p, c,
			   &(const struct phrase){ OFFSET(squeezed_usage_bytes), RUNS_ENDED, ", gave it back down to ",
						   " when asked", figure_size });
}

static void rose(struct buf *b, const struct page *p, const struct column *c)
{
	bool peak = column_spread(c, OFFSET(peak_unreclaimable_bytes), RUNS_ENDED).known > 0;
	bool after = column_spread(c, OFFSET(settled_unreclaimable_bytes), RUNS_ENDED).known > 0;
	if (!peak && !after)
		return;
	buf_adds(b, " (unreclaimable");
	add_most(b, c, OFFSET(peak_unreclaimable_bytes), RUNS_ENDED, " at most ", after ? "," : "");
	add_spread(b, p, c,
		   &(const struct phrase){ OFFSET(settled_unreclaimable_bytes), RUNS_ENDED, " ", " after the load",
					   figure_size });
	buf_addc(b, ')');
}

static void stayed(struct buf *b, const struct page *p, const struct column *c)
{
	(void)p;
	add_most(b, c, OFFSET(peak_usage_bytes), RUNS_ENDED, " (at most ", " charged)");
}

static void add_figures(struct buf *b, const struct page *p, const struct column *c, enum outcome_figures figures)
{
	static void (*const add[FIGURES_KINDS])(struct buf * b, const struct page *p, const struct column *c) = {
		[FIGURES_DEATH] = died, [FIGURES_CACHE] = filled_cache, [FIGURES_RISE] = rose, [FIGURES_LEVEL] = stayed
	};
	if (add[figures] != NULL)
		add[figures](b, p, c);
}

/* What became of the requests; "lost nothing" only when all that was acknowledged was read back and right. */
static void add_losses(struct buf *b, const struct column *c)
{
	struct spread corrupt = column_spread(c, OFFSET(corrupt), RUNS_ALL);
	struct spread failed = column_spread(c, OFFSET(requests_failed), RUNS_JUDGED);
	struct spread started = column_spread(c, OFFSET(requests_started), RUNS_JUDGED);
	struct spread verified = column_spread(c, OFFSET(verified_bytes), RUNS_JUDGED);
	struct spread acknowledged = column_spread(c, OFFSET(acknowledged_bytes), RUNS_JUDGED);
	if (corrupt.sum > 0)
		buf_addf(b, ", and %llu of what it had acknowledged or sent was WRONG",
			 (unsigned long long)corrupt.sum);
	if (c->crashed > 0)
		return;
	if (failed.sum > 0 && started.known > 0)
		buf_addf(b, ", but %llu of its %llu requests failed", (unsigned long long)failed.sum,
			 (unsigned long long)started.sum);
	else if (failed.known == c->count && corrupt.known == c->count && corrupt.sum == 0 && verified.sum > 0 &&
		 acknowledged.known == c->count && verified.sum >= acknowledged.sum)
		buf_adds(b, " and lost nothing");
}

/* " in 3 of 5 runs"; those that prove nothing are counted apart from those that do. */
static void add_count(struct buf *b, const struct column *c)
{
	size_t nothing = c->count - c->judged;
	if (c->judged == 0 || nothing == 0)
		buf_addf(b, " in %zu of %zu runs", c->count, c->count);
	else
		buf_addf(b, " in %zu of %zu run%s that prove%s something (%zu more prove%s nothing)", c->judged,
			 c->judged, c->judged == 1 ? "" : "s", c->judged == 1 ? "s" : "", nothing,
			 nothing == 1 ? "s" : "");
}

static void tell_agreed(struct buf *b, const struct page *p, const struct column *c, const struct outcome_row *words)
{
	struct buf figures = BUF_INIT;
	add_figures(&figures, p, c, words->figures);
	const char *text = buf_str(&figures);
	bool joined = text[0] == '\0' || text[0] == ',' || strncmp(text, " (", 2) == 0;
	buf_addf(b, " %s", words->clause);
	if (c->count > 1)
		add_count(b, c);
	buf_addf(b, "%s%s", c->count > 1 && !joined ? "," : "", text);
	buf_release(&figures);
}

static void tell_each(struct buf *b, const struct page *p, const struct column *c)
{
	if (c->judged > 0)
		buf_adds(b, " ended differently from run to run (");
	else
		buf_addf(b, " proved nothing in any of %zu runs (", c->count);
	column_tally(b, c, " in ");
	buf_addc(b, ')');
	if (c->crashed > 0)
		add_spread(b, p, c,
			   &(const struct phrase){ OFFSET(server_end_ns), RUNS_CRASHED, ": the crashes came ",
						   " after the start", figure_duration });
	add_most(b, c, OFFSET(peak_anon_bytes), RUNS_ENDED,
		 c->crashed > 0 ? ", the others took at most " : ": with at most ", " anon");
}

static void clause(struct buf *b, const struct page *p, const struct column *c, bool name_cap)
{
	const struct run_summary *agreed = column_agreed(c, c->judged > 0 ? RUNS_JUDGED : RUNS_ALL);
	char cap[UNITS_TEXT_MAX];
	buf_adds(b, c->label);
	if (name_cap && fact_known(c->runs[0]->memory_bytes) &&
	    strstr(c->label, figure_size(c->runs[0]->memory_bytes, cap)) == NULL)
		buf_addf(b, " under %s", cap);
	if (agreed != NULL)
		tell_agreed(b, p, c, verdict_words(agreed));
	else
		tell_each(b, p, c);
	add_losses(b, c);
}

static bool same_cap(const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!fact_known(columns[i].runs[0]->memory_bytes) ||
		    columns[i].runs[0]->memory_bytes.value != columns[0].runs[0]->memory_bytes.value)
			return false;
	return true;
}

static bool same_load(const struct column *columns, size_t count)
{
	json_t *first = run_load_alone(columns[0].runs[0]);
	bool same = true;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < columns[i].count; k++) {
			json_t *other = run_load_alone(columns[i].runs[k]);
			same &= json_equal(first, other) != 0; /* NULL equals nothing */
			json_decref(other);
		}
	json_decref(first);
	return same;
}

void conclude(struct buf *b, const struct page *p, const struct column *columns, size_t count)
{
	char cap[UNITS_TEXT_MAX];
	bool load = count > 1 && same_load(columns, count);
	bool one_cap = same_cap(columns, count);
	if (one_cap) {
		figure_size(columns[0].runs[0]->memory_bytes, cap);
		buf_addf(b, "%s %s: ", load ? "Same load, same" : count > 1 ? "Under the same" : "Under", cap);
	} else if (load) {
		buf_adds(b, "Same load: ");
	}
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_adds(b, "; ");
		clause(b, p, &columns[i], !one_cap);
	}
	buf_addc(b, '.');
}
