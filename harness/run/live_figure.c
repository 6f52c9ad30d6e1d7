#include "run/live_figure.h"

#include <stddef.h>

#include "base/macros.h"
#include "http/request.h"

#define PARTS_MAX 2

/* All parts must be there; they add up. */
static const char *const shapes[][PARTS_MAX] = {
	{ "/heapUsed", "/external" }, /* external counts array buffers (nodejs.org, process.memoryUsage()) */
	{ "/memstats/HeapAlloc", NULL },
	{ "/HeapAlloc", NULL },
};

static struct fact figure_at(const json_t *figures, const char *pointer)
{
	const json_t *value = request_find_json(figures, pointer);
	return json_is_integer(value) && json_integer_value(value) >= 0 ? fact_of((uint64_t)json_integer_value(value))
									: FACT_NONE;
}

static struct fact by_shape(const json_t *figures, const char *const *parts)
{
	struct fact sum = FACT_NONE;
	for (size_t i = 0; i < PARTS_MAX && parts[i] != NULL; i++) {
		struct fact part = figure_at(figures, parts[i]);
		if (!fact_known(part))
			return FACT_NONE;
		sum = fact_add(sum, part);
	}
	return sum;
}

struct fact live_figure(const json_t *figures, const char *pointer)
{
	struct fact found = FACT_NONE;
	if (pointer != NULL)
		return figure_at(figures, pointer);
	for (size_t i = 0; i < COUNT(shapes) && !fact_known(found); i++)
		found = by_shape(figures, shapes[i]);
	return found;
}
