#include "record/verdict_json.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "judge/forecast.h"
#include "judge/law.h"

static json_t *one_law_json(enum law_kind kind, const struct law *law)
{
	json_t *left = json_array();

	for (size_t i = 0; i < law->left_out_count; i++)
		json_array_append_new(left, json_integer((json_int_t)law->left_out[i]));
	json_t *json = json_pack("{s:b, s:n, s:o}", "fitted", law->fitted, "term", "left_out_rounds", left);
	if (law->fitted)
		json_object_set_new(json, "mean_bytes", json_integer((json_int_t)law->mean_bytes));
	if (law->dominant < 0)
		return json;
	const struct law_coefficient *c = &law->terms[law->dominant];
	json_object_set_new(json, "term",
			    json_pack("{s:s, s:f, s:f, s:f, s:I}", "class", law_term_class(kind, law), "bytes",
				      c->bytes, "low_bytes", c->low, "high_bytes", c->high, "explains_bytes",
				      (json_int_t)c->explains_bytes));
	return json;
}

json_t *law_to_json(const struct facts *f)
{
	struct law laws[LAWS];

	laws_fit(f, laws);
	return json_pack("{s:s, s:o, s:o}", "class", law_class(laws), "held", one_law_json(LAW_HELD, &laws[LAW_HELD]),
			 "kept", one_law_json(LAW_KEPT, &laws[LAW_KEPT]));
}

/* per: units of the rate in one unit of the file. */
static json_t *rate_json(const struct forecast_rate *r, double per)
{
	if (!r->known)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "rate_bytes", r->bytes * per, "rate_low_bytes", r->low * per,
			 "rate_high_bytes", r->high * per, "left", r->left / per, "left_least", r->left_least / per,
			 "left_most", r->left_most / per);
}

/* Requests, bytes and time, each with its rate and what is left, or null; NULL when nothing is known. */
static json_t *forecast_json(const struct facts *f, const struct verdict *v)
{
	struct forecast forecast;

	if (!forecast_asked(v))
		return NULL;
	forecast_make(f, &forecast);
	if (!forecast.known)
		return NULL;
	return json_pack("{s:o, s:o, s:o}", "requests", rate_json(&forecast.by[FORECAST_REQUESTS], 1), "bytes",
			 rate_json(&forecast.by[FORECAST_BYTES], 1), "seconds",
			 rate_json(&forecast.by[FORECAST_TIME], (double)NS_PER_S));
}

static json_t *lines_json(char *const *lines, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_json(lines[i]));
	return array;
}

static json_t *surprises_json(const struct facts *f, const struct expectation *e)
{
	char **lines;
	size_t count = verdict_surprises(f, e, &lines);
	json_t *array = lines_json(lines, count);

	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
	return array;
}

json_t *verdict_to_json(const struct verdict *v, const struct facts *f, const struct expectation *e)
{
	const char *failures = e->no_failures ? "none" : e->some_failures ? "some" : "any";
	json_t *law = law_asked(f, v) ? law_to_json(f) : NULL;

	return json_pack("{s:s, s:s, s:i, s:o, s:b, s:s, s:b, s:o, s:o, s:o*, s:o*}", "outcome",
			 outcome_names[v->outcome], "cause", v->cause ? v->cause : "", "judge_version", JUDGE_VERSION,
			 "expected", lines_json(e->verdicts, e->count), "expected_data_loss", e->data_loss,
			 "expected_failures", failures, "as_expected", verdict_as_expected(v, f, e), "surprises",
			 surprises_json(f, e), "evidence", lines_json(v->evidence, v->evidence_count), "law", law,
			 "forecast", forecast_json(f, v));
}
