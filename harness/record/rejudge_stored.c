#include "record/rejudge_stored.h"

#include <string.h>

#include "record/rejudge.h"
#include "record/store.h"
#include "record/verdict_json.h"

static json_t *judge_record(const json_t *record, struct error *err)
{
	struct expectation expectation;
	struct verdict verdict;
	struct facts facts;
	if (rejudge(record, &facts, &verdict, err) != 0)
		return NULL;
	rejudge_expectation(record, &expectation);
	json_t *today = verdict_to_json(&verdict, &facts, &expectation);
	verdict_release(&verdict);
	rejudge_expectation_release(&expectation);
	return today;
}

static bool differ(const json_t *a, const json_t *b, const char *key)
{
	const char *x = json_string_value(json_object_get(a, key)), *y = json_string_value(json_object_get(b, key));
	return strcmp(x != NULL ? x : "", y != NULL ? y : "") != 0;
}

int rejudge_stored(const char *folder, bool write, struct rejudged *out, struct error *err)
{
	json_t *record = store_read(folder, err);
	json_t *today = record != NULL ? judge_record(record, err) : NULL;
	if (today == NULL) {
		json_decref(record);
		return -1;
	}
	const char *id = json_string_value(json_object_get(record, "id"));
	json_t *stored = json_incref(json_object_get(record, "verdict"));
	*out = (struct rejudged){ .record = record,
				  .id = id != NULL ? id : folder,
				  .stored = stored,
				  .today = today,
				  .changed = differ(stored, today, "outcome") || differ(stored, today, "cause") };
	if (!write)
		return 0;
	json_object_set(record, "verdict", today);
	if (store_rewrite(folder, record, err) == 0)
		return 0;
	rejudged_release(out);
	return -1;
}

void rejudged_release(struct rejudged *r)
{
	json_decref(r->stored);
	json_decref(r->today);
	json_decref(r->record);
	*r = (struct rejudged){ 0 };
}
