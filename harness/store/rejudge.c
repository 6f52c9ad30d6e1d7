#include "store/rejudge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void rejudge_expectation(const json_t *record, struct expectation *out)
{
	const json_t *scenario = json_object_get(record, "scenario");
	const json_t *wanted = json_object_get(scenario, "expect"), *item;
	char **verdicts = xcalloc(json_array_size(wanted) + 1, sizeof(*verdicts));
	size_t i;

	*out = (struct expectation){ .verdicts = verdicts,
				     .data_loss = json_is_true(json_object_get(scenario, "expect_data_loss")) };
	json_array_foreach((json_t *)(uintptr_t)wanted, i, item) if (json_is_string(item)) verdicts[out->count++] =
		(char *)(uintptr_t)json_string_value(item);
}

void rejudge_expectation_release(struct expectation *e)
{
	free((void *)(uintptr_t)e->verdicts);
	*e = (struct expectation){ 0 };
}

int rejudge(const json_t *record, struct facts *facts, struct verdict *verdict, struct error *err)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	const char *state = json_string_value(json_object_get(record, "state"));
	const json_t *gathered = json_object_get(record, "facts");

	if (state == NULL || strcmp(state, "running") == 0)
		return error_set(err, ERROR_INPUT,
				 "run '%s' has not ended: its rig is still at it, or was killed (oomrig clean)",
				 id ? id : "?");
	if (facts_from_json(facts, gathered, err) != 0)
		return error_prefix(err, "run '%s'", id ? id : "?");
	judge(facts, verdict);
	return 0;
}
