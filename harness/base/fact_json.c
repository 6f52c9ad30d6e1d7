#include "base/fact_json.h"

#include <string.h>

json_t *fact_to_json(struct fact fact)
{
	/* JSON numbers of jansson are signed; no counter of the kernel comes near. */
	if (fact.state == FACT_KNOWN && fact.value <= INT64_MAX)
		return json_integer((json_int_t)fact.value);
	if (fact.state == FACT_ABSENT)
		return json_null();
	return json_pack("{s:s}", "state", "unreadable");
}

int fact_from_json(const json_t *value, struct fact *out)
{
	const char *state = json_string_value(json_object_get(value, "state"));

	*out = FACT_NONE;
	if (value == NULL || json_is_null(value))
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		*out = fact_of((uint64_t)json_integer_value(value));
	else if (state != NULL && strcmp(state, "unreadable") == 0)
		*out = FACT_BROKEN;
	else
		return -1;
	return 0;
}
