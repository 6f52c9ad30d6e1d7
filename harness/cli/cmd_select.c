#include "cli/cmd_select.h"

#include "base/clock.h"

int cmd_select_filter(const struct select_settings *settings, struct select_filter *out, struct error *err)
{
	*out = (struct select_filter){ .scenario = settings->scenario, .limit = settings->limit };
	if (settings->since != NULL && select_parse_since(settings->since, clock_wall_ns(), out->since, err) != 0)
		return error_prefix(err, "--since");
	return 0;
}

int cmd_select(struct run_list *list, const char *results, const struct options_result *words,
	       const struct select_settings *settings, struct error *err)
{
	struct select_filter filter;
	if (cmd_select_filter(settings, &filter, err) != 0)
		return -1;
	if (words->operand_count == 0)
		return select_all(list, results, &filter, err);
	for (size_t i = 0; i < words->operand_count; i++)
		if (select_runs(list, results, words->operands[i], &filter, err) != 0)
			return -1;
	return 0;
}
