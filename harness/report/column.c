#include "report/column.h"

#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static bool same_fact(struct fact a, struct fact b)
{
	return a.state == b.state && (a.state != FACT_KNOWN || a.value == b.value);
}

static bool belongs(const struct column *c, const struct run_summary *run)
{
	const struct run_summary *first = c->runs[0];
	return strcmp(or_empty(first->scenario), or_empty(run->scenario)) == 0 &&
	       strcmp(or_empty(first->label), or_empty(run->label)) == 0 &&
	       strcmp(or_empty(first->server), or_empty(run->server)) == 0 &&
	       same_fact(first->memory_bytes, run->memory_bytes);
}

/* Length of what all scenario names begin with, cut behind a '-' so that whole words remain. */
static size_t common_length(const struct column *columns, size_t count)
{
	const char *first = or_empty(columns[0].runs[0]->scenario);
	size_t len = count > 1 ? strlen(first) : 0;
	bool all_same = true;
	for (size_t i = 1; i < count; i++) {
		const char *other = or_empty(columns[i].runs[0]->scenario);
		size_t same = 0;
		while (same < len && first[same] == other[same])
			same++;
		all_same &= strcmp(first, other) == 0;
		len = same;
	}
	if (count > 1 && all_same)
		return len; /* the label is the cap or the server */
	while (len > 0 && first[len - 1] != '-')
		len--;
	return len;
}

static void add_part(struct buf *label, const char *part)
{
	buf_addf(label, "%s%s", label->len > 0 && part[0] != '\0' ? ", " : "", part);
}

static void label_columns(struct column *columns, size_t count, size_t skip)
{
	for (size_t i = 0; i < count; i++) {
		const struct run_summary *me = columns[i].runs[0];
		bool label_differs = false, cap_differs = false, server_differs = false;
		for (size_t k = 0; k < count; k++) {
			const struct run_summary *other = columns[k].runs[0];
			if (k == i || strcmp(or_empty(me->scenario), or_empty(other->scenario)) != 0)
				continue;
			label_differs |= strcmp(or_empty(me->label), or_empty(other->label)) != 0;
			cap_differs |= !same_fact(me->memory_bytes, other->memory_bytes);
			server_differs |= strcmp(or_empty(me->server), or_empty(other->server)) != 0;
		}
		struct buf label = BUF_INIT;
		char cap[UNITS_TEXT_MAX];
		add_part(&label, or_empty(me->scenario) + skip);
		if (label_differs)
			add_part(&label, or_empty(me->label)[0] != '\0' ? me->label : "no label");
		/* A label was given to tell runs apart; without one the command has to. */
		if (server_differs && !label_differs)
			add_part(&label, or_empty(me->server));
		if (cap_differs)
			add_part(&label, fact_known(me->memory_bytes) ? figure_size(me->memory_bytes, cap) : "no cap");
		columns[i].label = buf_detach(&label);
	}
}

struct column *columns_new(const struct run_summary *runs, size_t count, size_t *columns_out, char **common)
{
	struct column *columns = xcalloc(count > 0 ? count : 1, sizeof(columns[0]));
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		while (k < n && !belongs(&columns[k], &runs[i]))
			k++;
		if (k == n)
			columns[n++].runs = xcalloc(count, sizeof(columns[0].runs[0]));
		columns[k].runs[columns[k].count++] = &runs[i];
		columns[k].judged += run_judged(&runs[i]);
		columns[k].crashed += run_crashed(&runs[i]);
	}
	size_t skip = n > 0 ? common_length(columns, n) : 0;
	*common = n > 0 ? xasprintf("%.*s", (int)skip, or_empty(columns[0].runs[0]->scenario)) : xstrdup("");
	label_columns(columns, n, skip);
	*columns_out = n;
	return columns;
}

void columns_free(struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(columns[i].label);
		free(columns[i].runs);
	}
	free(columns);
}

static bool is_taken(const struct run_summary *run, enum runs_taken taken)
{
	switch (taken) {
	case RUNS_ALL:
		return true;
	case RUNS_JUDGED:
		return run_judged(run);
	case RUNS_CRASHED:
		return run_crashed(run);
	case RUNS_ENDED:
		return run_judged(run) && !run_crashed(run);
	}
	return false;
}

struct spread column_spread(const struct column *c, size_t offset, enum runs_taken taken)
{
	struct spread s = { 0 };
	for (size_t i = 0; i < c->count; i++) {
		if (!is_taken(c->runs[i], taken))
			continue;
		struct fact f;
		memcpy(&f, (const char *)&c->runs[i]->facts + offset, sizeof(f));
		s.unreadable += f.state == FACT_UNREADABLE;
		if (!fact_known(f))
			continue;
		s.min = s.known == 0 || f.value < s.min ? f.value : s.min;
		s.max = s.known == 0 || f.value > s.max ? f.value : s.max;
		s.sum += f.value;
		s.known++;
	}
	return s;
}

size_t column_values(const struct column *c, size_t offset, enum runs_taken taken, double *out)
{
	size_t n = 0;
	for (size_t i = 0; i < c->count; i++) {
		struct fact f;
		memcpy(&f, (const char *)&c->runs[i]->facts + offset, sizeof(f));
		if (is_taken(c->runs[i], taken) && fact_known(f))
			out[n++] = (double)f.value;
	}
	return n;
}

void spread_add(struct buf *b, const struct page *p, const struct spread *s,
		const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]))
{
	if (s->known > 0)
		figure_pair(b, s->min, s->max, page_glyph(p, GLYPH_RANGE), format);
	else
		buf_adds(b, s->unreadable > 0 ? "?" : "-");
}

static bool same_verdict(const struct run_summary *a, const struct run_summary *b)
{
	return strcmp(summary_outcome(a), summary_outcome(b)) == 0 &&
	       strcmp(or_empty(a->cause), or_empty(b->cause)) == 0;
}

const struct run_summary *column_agreed(const struct column *c, enum runs_taken taken)
{
	const struct run_summary *first = NULL;
	for (size_t i = 0; i < c->count; i++) {
		if (!is_taken(c->runs[i], taken))
			continue;
		if (first != NULL && !same_verdict(first, c->runs[i]))
			return NULL;
		first = first != NULL ? first : c->runs[i];
	}
	return first;
}

void column_tally(struct buf *b, const struct column *c, const char *between)
{
	for (size_t i = 0; i < c->count; i++) {
		size_t earlier = 0, same = 0;
		for (size_t k = 0; k < c->count; k++) {
			same += same_verdict(c->runs[i], c->runs[k]);
			earlier += k < i && same_verdict(c->runs[i], c->runs[k]);
		}
		if (earlier > 0)
			continue;
		if (i > 0)
			buf_adds(b, ", ");
		verdict_name(b, c->runs[i]);
		if (c->count > 1)
			buf_addf(b, "%s%zu of %zu", between, same, c->count);
	}
}
