#include "record/rejudge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "facts/facts_json.h"
#include "record/store.h"
#include "record/verdict_json.h"

/* The texts of an array of the scenario as a heap array of borrowed ones. */
static char *const *texts_of(const json_t *scenario, const char *key, size_t *count)
{
	json_t *array = json_object_get(scenario, key), *item;
	char **texts = xcalloc(json_array_size(array) + 1, sizeof(*texts));
	size_t i;

	json_array_foreach (array, i, item)
		if (json_is_string(item))
			texts[(*count)++] = (char *)(uintptr_t)json_string_value(item);
	return texts;
}

void rejudge_expectation(const json_t *record, struct expectation *out)
{
	const json_t *scenario = json_object_get(record, "scenario");
	const char *failures = json_string_value(json_object_get(scenario, "expect_failures"));

	*out = (struct expectation){ .data_loss = json_is_true(json_object_get(scenario, "expect_data_loss")),
				     .no_failures = failures != NULL && strcmp(failures, "none") == 0,
				     .some_failures = failures != NULL && strcmp(failures, "some") == 0 };
	out->verdicts = texts_of(scenario, "expect", &out->count);
	out->figures = texts_of(scenario, "expect_figures", &out->figure_count);
}

void rejudge_expectation_release(struct expectation *e)
{
	free((void *)(uintptr_t)e->verdicts);
	free((void *)(uintptr_t)e->figures);
	*e = (struct expectation){ 0 };
}

int rejudge(const json_t *record, struct facts *facts, struct verdict *verdict, struct error *err)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	const json_t *gathered = json_object_get(record, "facts");

	if (record_state(record) == RECORD_RUNNING || !json_is_string(json_object_get(record, "state")))
		return error_set(err, ERROR_INPUT,
				 "run '%s' has not ended: its rig is still at it, or was killed (oomrig clean)",
				 id ? id : "?");
	if (facts_from_json(facts, gathered, err) != 0)
		return error_prefix(err, "run '%s'", id ? id : "?");
	judge(facts, verdict);
	return 0;
}

int rejudge_as_interrupted(json_t *record, const char *why, struct error *err)
{
	const json_t *gathered = json_object_get(record, "facts");
	struct expectation expectation;
	struct facts facts = { 0 };
	struct verdict verdict;

	if (gathered != NULL && facts_from_json(&facts, gathered, err) != 0)
		return -1;
	facts.interrupted = fact_of(1);
	rejudge_expectation(record, &expectation);
	judge(&facts, &verdict);
	json_object_set_new(record, "facts", facts_to_json(&facts));
	json_t *judged = verdict_to_json(&verdict, &facts, &expectation);
	json_object_set_new(judged, "evidence", json_pack("[s++]", why, "; ", "nothing is said of the server"));
	json_object_set_new(record, "verdict", judged);
	json_object_set_new(record, "state", json_string(record_state_names[RECORD_INTERRUPTED]));
	verdict_release(&verdict);
	rejudge_expectation_release(&expectation);
	return 0;
}
