#include "campaign/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "judge/judge.h"

static bool is_of_runs(const struct metric *m)
{
	return m->kind == METRIC_OF_RATIOS || m->kind == METRIC_OF_AMOUNTS;
}

static bool same_history(const struct history_scenario *s, const struct run_summary *run)
{
	return strcmp(s->name, run->scenario) == 0 && s->memory_bytes.state == run->memory_bytes.state &&
	       s->memory_bytes.value == run->memory_bytes.value;
}

static struct history_scenario *scenario_of(struct history *h, const struct run_summary *run)
{
	size_t i = 0;
	while (i < h->count && !same_history(&h->scenarios[i], run))
		i++;
	if (i == h->count) {
		h->scenarios = xrealloc(h->scenarios, ++h->count * sizeof(*h->scenarios));
		h->scenarios[i] = (struct history_scenario){ .name = run->scenario, .memory_bytes = run->memory_bytes };
	}
	return &h->scenarios[i];
}

static struct history_figure *figure_of(struct history_scenario *s, const struct metric *m)
{
	size_t i = 0;
	while (i < s->figure_count && s->figures[i].metric != m)
		i++;
	if (i == s->figure_count) {
		s->figures = xrealloc(s->figures, ++s->figure_count * sizeof(*s->figures));
		s->figures[i] = (struct history_figure){ .metric = m };
	}
	return &s->figures[i];
}

static void add_reading(struct history_scenario *s, const struct metric *m, const struct run_summary *run,
			struct reading reading)
{
	struct history_figure *f = figure_of(s, m);
	f->points = xrealloc(f->points, (f->count + 1) * sizeof(*f->points));
	f->points[f->count++] = (struct history_point){ run, reading };
}

static void add_run(struct history_scenario *s, const struct run_summary *run)
{
	const struct run_summary *before = s->run_count > 0 ? s->runs[s->run_count - 1] : NULL;
	if (before != NULL && (before->outcome != run->outcome || strcmp(before->cause, run->cause) != 0)) {
		s->verdict_changes =
			xrealloc(s->verdict_changes, (s->verdict_change_count + 1) * sizeof(*s->verdict_changes));
		s->verdict_changes[s->verdict_change_count++] = s->run_count;
	}
	s->runs = xrealloc(s->runs, (s->run_count + 1) * sizeof(*s->runs));
	s->runs[s->run_count++] = run;
}

static void find_changes(struct history_figure *f)
{
	const struct run_summary *last = f->points[f->count - 1].run;
	bool memory = f->metric == &metrics[METRIC_PEAK];
	struct reading *readings = xcalloc(f->count, sizeof(*readings));
	for (size_t i = 0; i < f->count; i++)
		readings[i] = f->points[i].reading;
	f->changes = stats_changes(readings, f->count, memory ? (double)judge_noise_bytes(&last->facts) : 0,
				   &f->change_count);
	free(readings);
}

static int find_figure(const char *name, const struct metric **out, struct error *err)
{
	struct buf known = BUF_INIT;
	struct nearest n;
	nearest_init(&n, name);
	for (size_t i = 0; i < METRICS; i++) {
		if (!is_of_runs(&metrics[i]))
			continue;
		if (strcmp(metrics[i].key, name) == 0)
			*out = &metrics[i];
		nearest_offer(&n, metrics[i].key);
		buf_addf(&known, "%s%s", known.len > 0 ? ", " : "", metrics[i].key);
	}
	int rc = *out != NULL
			 ? 0
			 : error_set(err, ERROR_USAGE, "unknown figure '%s' (known: %s)%s%s%s", name, buf_str(&known),
				     n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
	buf_release(&known);
	return rc;
}

static int by_id(const void *a, const void *b)
{
	const struct run_summary *const *x = a, *const *y = b;
	return strcmp((*x)->id, (*y)->id);
}

/* Where each run stands in the list, by the time that its id begins with. */
static const struct run_summary **in_order(const struct run_list *runs)
{
	const struct run_summary **order = xcalloc(runs->count + 1, sizeof(*order));
	for (size_t i = 0; i < runs->count; i++)
		order[i] = &runs->summaries[i];
	qsort(order, runs->count, sizeof(*order), by_id);
	return order;
}

static bool is_silent(const struct history_figure *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->points[i].reading.value != 0)
			return false;
	return f->metric->correct;
}

/* What never went wrong has no line. */
static void drop_silent(struct history_scenario *s)
{
	size_t kept = 0;
	for (size_t k = 0; k < s->figure_count; k++)
		if (is_silent(&s->figures[k]))
			free(s->figures[k].points);
		else
			s->figures[kept++] = s->figures[k];
	s->figure_count = kept;
}

int history_make(struct history *h, const struct run_list *runs, const char *figure, struct error *err)
{
	const struct metric *wanted = NULL;
	struct observations all;
	*h = (struct history){ 0 };
	if (figure != NULL && find_figure(figure, &wanted, err) != 0)
		return -1;
	observations_read(&all, "", runs, NULL);
	const struct run_summary **order = in_order(runs);
	for (size_t i = 0; i < runs->count; i++) {
		const struct observation *o = &all.items[order[i] - runs->summaries];
		if (!o->judged) {
			h->left_out++;
			continue;
		}
		struct history_scenario *s = scenario_of(h, order[i]);
		add_run(s, order[i]);
		for (size_t m = 0; m < METRICS; m++)
			if (is_of_runs(&metrics[m]) && o->known[m] && (wanted == NULL || wanted == &metrics[m]))
				add_reading(s, &metrics[m], order[i], o->reading[m]);
	}
	for (size_t i = 0; i < h->count && wanted == NULL; i++)
		drop_silent(&h->scenarios[i]);
	for (size_t i = 0; i < h->count; i++)
		for (size_t k = 0; k < h->scenarios[i].figure_count; k++)
			find_changes(&h->scenarios[i].figures[k]);
	free(order);
	observations_free(&all);
	return 0;
}

void history_release(struct history *h)
{
	for (size_t i = 0; i < h->count; i++) {
		struct history_scenario *s = &h->scenarios[i];
		for (size_t k = 0; k < s->figure_count; k++) {
			free(s->figures[k].points);
			free(s->figures[k].changes);
		}
		free(s->figures);
		free(s->runs);
		free(s->verdict_changes);
	}
	free(h->scenarios);
	*h = (struct history){ 0 };
}
