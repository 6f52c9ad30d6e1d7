#include "run/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Is the next one to be kept as an entry of its own?  false: it belongs to the last. */
static bool next_is_new(struct series_list *list)
{
	if (list->stride == 0)
		list->stride = 1;
	if (list->count > 0 && ++list->passed < list->stride)
		return false;
	list->passed = 0;
	return true;
}

static void halve(struct series_list *list)
{
	list->count /= 2;
	list->stride *= 2;
}

static void merge_work(struct series_work *into, const struct series_work *later)
{
	uint64_t most = into->in_flight > later->in_flight ? into->in_flight : later->in_flight;

	*into = *later;
	into->in_flight = most;
}

void series_note_work(struct series *s, const struct series_work *now)
{
	if (s->work == NULL)
		s->work = xcalloc(SERIES_MAX, sizeof(*s->work));
	if (!next_is_new(&s->works)) {
		merge_work(&s->work[s->works.count - 1], now);
		return;
	}
	if (s->works.count == SERIES_MAX) {
		halve(&s->works);
		for (size_t i = 1; i < s->works.count; i++) { /* the first stays: the load's beginning */
			s->work[i] = s->work[2 * i];
			merge_work(&s->work[i], &s->work[2 * i + 1]);
		}
	}
	s->work[s->works.count++] = *now;
}

static bool lower(struct fact a, struct fact b)
{
	return fact_known(a) && (!fact_known(b) || a.value <= b.value);
}

static void merge_level(struct series_level *into, const struct series_level *later)
{
	if (lower(later->bytes, into->bytes))
		*into = *later;
}

void series_note_level(struct series *s, uint64_t t_ns, struct fact bytes)
{
	struct series_level now = { .t_ns = t_ns, .bytes = bytes };

	if (s->works.count > 0 && t_ns < s->work[0].t_ns)
		return; /* a sample of before the load that was handed over late */
	if (s->level == NULL)
		s->level = xcalloc(SERIES_MAX, sizeof(*s->level));
	if (!next_is_new(&s->levels)) {
		merge_level(&s->level[s->levels.count - 1], &now);
		return;
	}
	if (s->levels.count == SERIES_MAX) {
		halve(&s->levels);
		for (size_t i = 0; i < s->levels.count; i++) {
			s->level[i] = s->level[2 * i];
			merge_level(&s->level[i], &s->level[2 * i + 1]);
		}
	}
	s->level[s->levels.count++] = now;
}

static void add_point(struct facts_point *out, uint64_t origin_ns, const struct series_level *level,
		      const struct series_work *work, uint64_t in_flight)
{
	*out = (struct facts_point){ .t_ns = fact_of(level->t_ns - origin_ns),
				     .unreclaimable_bytes = level->bytes,
				     .requests = fact_of(work->requests),
				     .bytes = fact_of(work->bytes),
				     .ended = fact_of(work->ended),
				     .in_flight = fact_of(in_flight) };
}

/* The lowest level of [from, to), NULL: none; *next goes on to the first of the stretch that follows. */
static const struct series_level *lowest_in(const struct series *s, uint64_t to_ns, size_t *next)
{
	const struct series_level *lowest = NULL;

	for (; *next < s->levels.count && s->level[*next].t_ns < to_ns; (*next)++)
		if (lowest == NULL || lower(s->level[*next].bytes, lowest->bytes))
			lowest = &s->level[*next];
	return lowest;
}

size_t series_points(const struct series *s, struct facts_point *out, size_t max)
{
	size_t count = 0, level = 0, work = 0;
	uint64_t in_flight = 0;

	if (s->works.count == 0 || s->levels.count == 0)
		return 0;
	const struct series_work *last = &s->work[s->works.count - 1];
	uint64_t origin_ns = s->work[0].t_ns, length_ns = last->t_ns - origin_ns;
	while (level < s->levels.count && s->level[level].t_ns < origin_ns)
		level++;
	for (size_t i = 1; i < max; i++) {
		uint64_t to_ns = origin_ns + (uint64_t)((double)length_ns * (double)i / (double)(max - 1));
		const struct series_level *lowest = lowest_in(s, to_ns, &level);
		if (lowest == NULL)
			continue;
		for (; work + 1 < s->works.count && s->work[work + 1].t_ns <= lowest->t_ns; work++)
			if (s->work[work].in_flight > in_flight)
				in_flight = s->work[work].in_flight;
		if (s->work[work].in_flight > in_flight)
			in_flight = s->work[work].in_flight;
		add_point(&out[count++], origin_ns, lowest, &s->work[work], in_flight);
		in_flight = 0;
	}
	const struct series_level *end = &s->level[level < s->levels.count ? level : s->levels.count - 1];
	add_point(&out[count++], origin_ns, &(struct series_level){ .t_ns = last->t_ns, .bytes = end->bytes }, last,
		  last->in_flight);
	return count;
}

void series_release(struct series *s)
{
	free(s->work);
	free(s->level);
	memset(s, 0, sizeof(*s));
}
