/* What a comparison takes from the record of a run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/buf.h"
#include "campaign/compare.h"
#include "campaign/trial.h"

#define MIB 1048576.0

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

static void read_work(struct observation *o, const struct facts *f)
{
	if (o->crashed || !fact_known(f->sent_bytes) || !fact_known(f->received_bytes))
		return;
	double work = (double)f->sent_bytes.value + (double)f->received_bytes.value;
	if (work <= 0)
		return;
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

void observations_read(struct observations *o, const char *name, const struct run_list *runs)
{
	*o = (struct observations){ .name = name, .items = xcalloc(runs->count + 1, sizeof(*o->items)) };
	for (size_t i = 0; i < runs->count; i++) {
		const struct run_summary *run = &runs->summaries[i];
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
		read_peak(item, &run->facts);
		read_work(item, &run->facts);
		read_latency(item, runs->records[i]);
	}
}

void observations_free(struct observations *o)
{
	free(o->items);
	memset(o, 0, sizeof(*o));
}

int compare_check_load(const struct run_list *a, const struct run_list *b, struct error *err)
{
	const struct run_list *both[2] = { a, b };
	const struct run_summary *first = &a->summaries[0];
	json_t *load = run_load_alone(first);
	int rc = 0;
	for (size_t k = 0; k < 2 && rc == 0; k++)
		for (size_t i = 0; i < both[k]->count && rc == 0; i++) {
			json_t *other = run_load_alone(&both[k]->summaries[i]);
			if (!json_equal(load, other))
				rc = error_set(err, ERROR_INPUT,
					       "runs '%s' and '%s' carry different loads: they cannot be "
					       "compared",
					       first->id, both[k]->summaries[i].id);
			json_decref(other);
		}
	json_decref(load);
	return rc;
}
