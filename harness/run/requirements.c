#include "run/requirements.h"

#include <string.h>

#include "base/macros.h"
#include "judge/bound.h"
#include "isolation/isolation.h"
#include "record/host.h"

static const char *swap_missing(void)
{
	struct fact swap = host_swap_total_bytes();
	if (!fact_known(swap))
		return "it needs swap, and whether this host has any cannot be read";
	return swap.value == 0 ? "it needs swap, and this host has none (swapon --show; a swap file will do)" : NULL;
}

/* The words are those of words_check_requirement(). */
static const struct {
	const char *word;
	const char *(*missing)(void);
} requirements[] = {
	{ "swap", swap_missing },
};

/* What this host has is nothing to a machine of the scenario's own, which gets what is asked for. */
static bool has_own_kernel(const struct scenario *s)
{
	const struct isolation_backend *backend = isolation_by_name(s->isolation);
	return backend != NULL && backend->machine != NULL;
}

const char *requirements_missing(const struct scenario *s)
{
	for (size_t i = 0; i < s->required.count; i++)
		for (size_t k = 0; k < COUNT(requirements); k++) {
			bool asked = strcmp(s->required.items[i], requirements[k].word) == 0;
			const char *reason = asked && !has_own_kernel(s) ? requirements[k].missing() : NULL;
			if (reason != NULL)
				return reason;
		}
	return NULL;
}

int requirements_check(const struct scenario *s, struct error *err)
{
	struct bound unused;

	for (size_t i = 0; i < s->expect_figures.count; i++)
		if (bound_parse(&unused, s->expect_figures.items[i], err) != 0)
			return error_prefix(err, "%s: 'expect_figures'",
					    places_find(&s->places, "expect_figures", s->path));
	return 0;
}
