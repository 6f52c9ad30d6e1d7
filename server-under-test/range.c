#include "range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t");
}

/* 1*DIGIT, held at UINT64_MAX; false, and *out untouched, when there is no digit. */
static bool parse_digits(const char **p, uint64_t *out)
{
	const char *start = *p;
	uint64_t value = 0;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		unsigned digit = (unsigned)(**p - '0');
		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	if (*p == start)
		return false;
	*out = value;
	return true;
}

/* One range-spec; false when malformed.  *satisfiable says whether *out was filled. */
static bool parse_spec(const char **p, uint64_t size_bytes, struct range *out, bool *satisfiable)
{
	uint64_t first, last = UINT64_MAX;
	if (**p == '-') {
		uint64_t suffix;
		(*p)++;
		if (!parse_digits(p, &suffix))
			return false;
		if (suffix > 0 && size_bytes == 0)
			return false; /* satisfiable, but there is no way to say it: the whole, which is nothing */
		*satisfiable = suffix > 0;
		*out = (struct range){ suffix < size_bytes ? size_bytes - suffix : 0, size_bytes - 1 };
		return true;
	}
	if (!parse_digits(p, &first) || **p != '-')
		return false;
	(*p)++;
	if (parse_digits(p, &last) && last < first)
		return false;
	*satisfiable = first < size_bytes;
	*out = (struct range){ first, last < size_bytes ? last : size_bytes - 1 };
	return true;
}

enum range_result range_parse(const char *header, uint64_t size_bytes, struct range ranges[RANGES_MAX], size_t *count)
{
	static const char unit[] = "bytes=";
	*count = 0;
	if (strncasecmp(header, unit, strlen(unit)) != 0)
		return RANGE_IGNORED;
	const char *p = header + strlen(unit);
	bool any = false;
	uint64_t left = size_bytes;
	for (;;) {
		p = skip_space(p);
		if (*p == ',') { /* empty list elements are allowed (section 5.6.1.2) */
			p++;
			continue;
		}
		if (*p == '\0')
			break;
		struct range range;
		bool satisfiable;
		if (!parse_spec(&p, size_bytes, &range, &satisfiable))
			return RANGE_IGNORED;
		any = true;
		if (satisfiable && (*count == RANGES_MAX || range.last - range.first >= left))
			return RANGE_IGNORED;
		if (satisfiable) {
			ranges[(*count)++] = range;
			left -= range.last - range.first + 1;
		}
		p = skip_space(p);
		if (*p != ',' && *p != '\0')
			return RANGE_IGNORED;
	}
	if (!any)
		return RANGE_IGNORED;
	return *count > 0 ? RANGE_SATISFIABLE : RANGE_UNSATISFIABLE;
}
