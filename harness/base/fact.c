#include "base/fact.h"

struct fact fact_parse(const char *at, const char *end, uint64_t unit)
{
	uint64_t value = 0;
	bool any = false, fits = true;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	for (; at < end && *at >= '0' && *at <= '9'; at++, any = true)
		fits &= !__builtin_mul_overflow(value, 10, &value) &&
			!__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
	return any && fits ? fact_in(value, unit) : FACT_BROKEN;
}
