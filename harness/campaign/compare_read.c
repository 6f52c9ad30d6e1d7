/* What a comparison takes from the record of a run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/buf.h"
#include "base/macros.h"
#include "campaign/compare.h"
#include "campaign/trial.h"
#include "judge/judge.h"

#define MIB 1048576.0

static bool takes_part(const struct run_summary *run, const char *scenario)
{
	return scenario == NULL || strcmp(run->scenario, scenario) == 0;
}

static void set(struct observation *o, enum metric_id id, double value, bool censored)
{
	o->known[id] = true;
	o->reading[id] = (struct reading){ value, censored };
}

/*
 * A killed server wanted more than it had: what it held at its highest sample, or
 * the cap less the page cache it still had at its death, whichever is more.
 */
static void read_peak(struct observation *o, const struct facts *f)
{
	double peak = fact_known(f->peak_unreclaimable_bytes) ? (double)f->peak_unreclaimable_bytes.value : 0;
	if (o->crashed && fact_known(f->oom_kill) && f->oom_kill.value > 0 && fact_known(f->cap_in_force_bytes) &&
	    fact_known(f->death_file_bytes))
		peak = fmax(peak, (double)f->cap_in_force_bytes.value - (double)f->death_file_bytes.value);
	if (peak > 0)
		set(o, METRIC_PEAK, peak, o->crashed);
}

static double known_or_0(struct fact f)
{
	return fact_known(f) ? (double)f.value : 0;
}

/* How grave what the verdict says is: what only fills the page cache is as good as what stands still. */
static double grade_of(const struct run_summary *run)
{
	static const struct {
		enum outcome outcome;
		const char *cause; /* NULL: any other */
		double grade;
	} rows[] = {
		{ OUTCOME_STEADY, NULL, 0 },  { OUTCOME_GREW, "peak", 1 }, { OUTCOME_GREW, "kept", 2 },
		{ OUTCOME_GREW, "leak", 3 },  { OUTCOME_GREW, NULL, 0 },   { OUTCOME_STALLED, NULL, 4 },
		{ OUTCOME_CRASHED, NULL, 5 },
	};
	size_t i = 0;
	while (i + 1 < COUNT(rows) &&
	       (rows[i].outcome != run->outcome || (rows[i].cause != NULL && strcmp(rows[i].cause, run->cause) != 0)))
		i++;
	return rows[i].grade;
}

static void read_correctness(struct observation *o, const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	double down = 0, ended = known_or_0(f->requests_ok) + known_or_0(f->requests_failed);
	set(o, METRIC_LOSS,
	    known_or_0(f->corrupt) + known_or_0(f->aftermath_lost) + known_or_0(f->aftermath_corrupt) +
			    known_or_0(f->aftermath_half_visible) >
		    0,
	    false);
	set(o, METRIC_VERDICT, grade_of(run), false);
	set(o, METRIC_CRASHES, o->crashed, false);
	set(o, METRIC_UNEXPECTED, !run->as_expected, false);
	/* What a dead server did not answer is the death's. */
	if (!o->crashed && ended > 0)
		set(o, METRIC_FAILED, known_or_0(f->requests_failed) / ended, false);
	for (size_t i = 0; i < f->death_count; i++)
		down += known_or_0(f->deaths[i].down_ns);
	set(o, METRIC_RESTARTS, (double)f->death_count, false);
	set(o, METRIC_DOWNTIME, down, false);
}

static void read_work(struct observation *o, const struct facts *f)
{
	if (o->crashed || !fact_known(f->sent_bytes) || !fact_known(f->received_bytes))
		return;
	double work = (double)f->sent_bytes.value + (double)f->received_bytes.value;
	if (work <= 0)
		return;
	o->work_bytes = work;
	if (fact_known(f->load_ns) && f->load_ns.value > 0)
		set(o, METRIC_THROUGHPUT, work * NS_PER_S / (double)f->load_ns.value, false);
	if (fact_known(f->settled_unreclaimable_bytes) && fact_known(f->baseline_unreclaimable_bytes))
		set(o, METRIC_GROWTH,
		    ((double)f->settled_unreclaimable_bytes.value - (double)f->baseline_unreclaimable_bytes.value) *
			    MIB / work,
		    false);
}

/* The 90 % latency of the slowest load group; reading back is no load. */
static void read_latency(struct observation *o, const json_t *record)
{
	const json_t *groups = json_object_get(json_object_get(record, "load"), "latency"), *group;
	double worst = 0;
	size_t i;
	json_array_foreach (groups, i, group) {
		const char *name = json_string_value(json_object_get(group, "name"));
		if (name != NULL && strcmp(name, "read-back") != 0 &&
		    json_integer_value(json_object_get(group, "count")) > 0)
			worst = fmax(worst, (double)json_integer_value(json_object_get(group, "p90_ns")));
	}
	if (!o->crashed && worst > 0)
		set(o, METRIC_LATENCY, worst, false);
}

/* "grew/leak 4, grew/kept 2 of 6", the most frequent first as far as they come. */
static char *verdicts_of(const struct run_list *runs, const char *scenario)
{
	struct buf b = BUF_INIT;
	size_t judged = 0;
	for (size_t i = 0; i < runs->count; i++) {
		const struct run_summary *run = &runs->summaries[i];
		size_t alike = 0, before = 0;
		if (!takes_part(run, scenario) || !run_judged(run))
			continue;
		judged++;
		for (size_t k = 0; k < runs->count; k++) {
			const struct run_summary *other = &runs->summaries[k];
			bool same = takes_part(other, scenario) && other->outcome == run->outcome &&
				    strcmp(other->cause, run->cause) == 0;
			alike += same;
			before += same && k < i;
		}
		if (before == 0)
			buf_addf(&b, "%s%s%s%s %zu", b.len > 0 ? ", " : "", summary_outcome(run),
				 run->cause[0] != '\0' ? "/" : "", run->cause, alike);
	}
	if (judged > 0)
		buf_addf(&b, " of %zu", judged);
	return judged > 0 ? buf_detach(&b) : NULL;
}

void observations_read(struct observations *o, const char *name, const struct run_list *runs, const char *scenario)
{
	*o = (struct observations){ .name = name, .items = xcalloc(runs->count + 1, sizeof(*o->items)) };
	for (size_t i = 0; i < runs->count; i++) {
		const struct run_summary *run = &runs->summaries[i];
		if (!takes_part(run, scenario))
			continue;
		struct observation *item = &o->items[o->count++];
		o->first = o->first == NULL || strcmp(run->id, o->first) < 0 ? run->id : o->first;
		o->last = o->last == NULL || strcmp(run->id, o->last) > 0 ? run->id : o->last;
		item->judged = run_judged(run);
		if (!item->judged)
			continue;
		o->judged++;
		item->crashed = run_crashed(run);
		item->survived = run_survived(run);
		item->cap_bytes = fact_known(run->memory_bytes) ? (double)run->memory_bytes.value : 0;
		item->noise_bytes = (double)judge_noise_bytes(&run->facts);
		read_correctness(item, run);
		read_peak(item, &run->facts);
		read_work(item, &run->facts);
		read_latency(item, runs->records[i]);
	}
	o->verdicts = verdicts_of(runs, scenario);
}

void observations_free(struct observations *o)
{
	free(o->items);
	free(o->verdicts);
	memset(o, 0, sizeof(*o));
}

int compare_check_load(const struct run_list *a, const struct run_list *b, const char *scenario, struct error *err)
{
	const struct run_list *both[2] = { a, b };
	const struct run_summary *first = NULL;
	json_t *load = NULL;
	int rc = 0;
	for (size_t k = 0; k < 2 && rc == 0; k++)
		for (size_t i = 0; i < both[k]->count && rc == 0; i++) {
			const struct run_summary *run = &both[k]->summaries[i];
			if (!takes_part(run, scenario))
				continue;
			json_t *other = run_load_alone(run);
			if (first == NULL) {
				first = run;
				load = json_incref(other);
			} else if (!json_equal(load, other)) {
				rc = error_set(err, ERROR_INPUT,
					       "runs '%s' and '%s' carry different loads: they cannot be compared",
					       first->id, run->id);
			}
			json_decref(other);
		}
	json_decref(load);
	return rc;
}
