#include "report/json.h"

#include <errno.h>
#include <jansson.h>

#include "base/fact_json.h"
#include "base/text.h"
#include "record/gc.h"
#include "report/repeats.h"
#include "facts/facts_json.h"

static json_t *text(const char *s)
{
	return s != NULL && s[0] != '\0' ? text_json(s) : json_null();
}

static json_t *texts(const char *const *items, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_json(items[i]));
	return array;
}

static json_t *aftermath_object(const struct facts *f)
{
	json_t *object = json_object();
	json_object_set_new(object, "ready_ns", fact_to_json(f->aftermath_ready_ns));
	json_object_set_new(object, "acknowledged", fact_to_json(f->aftermath_acknowledged));
	json_object_set_new(object, "intact", fact_to_json(f->aftermath_intact));
	json_object_set_new(object, "lost", fact_to_json(f->aftermath_lost));
	json_object_set_new(object, "corrupt", fact_to_json(f->aftermath_corrupt));
	json_object_set_new(object, "half_visible", fact_to_json(f->aftermath_half_visible));
	json_object_set_new(object, "unread", fact_to_json(f->aftermath_unread));
	json_object_set_new(object, "error", text(f->aftermath_error));
	return object;
}

/* jansson keeps the order of insertion (JSON_PRESERVE_ORDER is the default since 2.8). */
static json_t *run_object(const struct run_summary *run)
{
	const struct facts *f = &run->facts;
	json_t *peak = json_object();
	json_object_set_new(peak, "usage_bytes", fact_to_json(f->peak_usage_bytes));
	json_object_set_new(peak, "anon_bytes", fact_to_json(f->peak_anon_bytes));
	json_object_set_new(peak, "file_bytes", fact_to_json(f->peak_file_bytes));
	json_object_set_new(peak, "unreclaimable_bytes", fact_to_json(f->peak_unreclaimable_bytes));

	json_t *requests = json_object();
	json_object_set_new(requests, "ok", fact_to_json(f->requests_ok));
	json_object_set_new(requests, "failed", fact_to_json(f->requests_failed));
	json_object_set_new(requests, "verified_bytes", fact_to_json(f->verified_bytes));
	json_object_set_new(requests, "corrupt", fact_to_json(f->corrupt));

	json_t *object = json_object();
	json_object_set_new(object, "id", text(run->id));
	json_object_set_new(object, "scenario", text(run->scenario));
	json_object_set_new(object, "outcome", text(summary_outcome(run)));
	json_object_set_new(object, "cause", text(run->cause));
	json_object_set_new(object, "expected", texts(run->expected, run->expected_count));
	json_object_set_new(object, "as_expected", json_boolean(run->as_expected));
	json_object_set_new(object, "surprises", texts(run->surprises, run->surprise_count));
	json_object_set_new(object, "memory_bytes", fact_to_json(run->memory_bytes));
	json_object_set_new(object, "peak", peak);
	json_object_set_new(object, "requests", requests);
	if (fact_known(f->aftermath_acknowledged))
		json_object_set_new(object, "aftermath", aftermath_object(f));
	if (f->death_count > 0)
		json_object_set_new(object, "deaths", facts_deaths_json(f));
	json_object_set_new(object, "evidence", texts(run->evidence, run->evidence_count));
	if (run->law != NULL)
		json_object_set_new(object, "law", json_deep_copy(run->law));
	if (run->forecast != NULL)
		json_object_set_new(object, "forecast", json_deep_copy(run->forecast));
	if (gc_taken(run->record) != NULL)
		json_object_set_new(object, GC_TAKEN_KEY, json_deep_copy(gc_taken(run->record)));
	return object;
}

int report_document(FILE *out, json_t *document, struct error *err)
{
	errno = 0;
	bool failed = text_json_print(document, JSON_INDENT(2), out) != 0;
	int saved = errno;
	json_decref(document);
	return failed ? error_set_errno(err, ERROR_SYSTEM, saved, "cannot write the result") : 0;
}

json_t *report_damaged_json(const struct run_list *runs)
{
	json_t *array = json_array();
	for (size_t i = 0; i < runs->damaged_count; i++) {
		const struct damaged_run *d = &runs->damaged[i];
		json_array_append_new(array, json_pack("{s:o, s:s, s:o}", "folder", text_json(d->folder), "file",
						       d->file, "error", text_json(d->why)));
	}
	return array;
}

static int write_json(FILE *out, const struct run_list *runs, struct error *err)
{
	json_t *array = json_array();
	for (size_t i = 0; i < runs->count; i++)
		json_array_append_new(array, run_object(&runs->summaries[i]));
	json_t *root = json_object();
	json_object_set_new(root, "schema", json_integer(REPORT_JSON_SCHEMA));
	json_object_set_new(root, "runs", array);
	json_object_set_new(root, "summary", repeats_json(runs->summaries, runs->count));
	json_object_set_new(root, "damaged", report_damaged_json(runs));
	return report_document(out, root, err);
}

const struct exporter json_exporter = {
	.name = "json",
	.summary = "for programs: schema 1, one object per run",
	.write = write_json,
};
