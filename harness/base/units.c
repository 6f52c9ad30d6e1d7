#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/macros.h"

struct unit {
	const char *suffix;
	double factor;
};

/* Case matters nowhere: nobody means millibytes by "mb". */
static const struct unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1024 },
	{ "Ki", 1024 },
	{ "KiB", 1024 },
	{ "kB", 1e3 },
	{ "M", 1048576 },
	{ "Mi", 1048576 },
	{ "MiB", 1048576 },
	{ "MB", 1e6 },
	{ "G", 1073741824 },
	{ "Gi", 1073741824 },
	{ "GiB", 1073741824 },
	{ "GB", 1e9 },
	{ "T", 1099511627776.0 },
	{ "Ti", 1099511627776.0 },
	{ "TiB", 1099511627776.0 },
	{ "TB", 1e12 },
	{ NULL, 0 },
};

static const struct unit rate_units[] = {
	{ "bit/s", 0.125 }, { "kbit/s", 125 },	  { "Mbit/s", 125e3 },	   { "Gbit/s", 125e6 },
	{ "B/s", 1 },	    { "kB/s", 1e3 },	  { "MB/s", 1e6 },	   { "GB/s", 1e9 },
	{ "KiB/s", 1024 },  { "MiB/s", 1048576 }, { "GiB/s", 1073741824 }, { NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "ns", 1 },   { "us", 1e3 },	{ "ms", 1e6 },	 { "s", 1e9 },
	{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { NULL, 0 },
};

static const struct unit count_units[] = { { "", 1 }, { "k", 1e3 }, { "M", 1e6 }, { NULL, 0 } };

/* Reads one "NUMBER SUFFIX" at *text; advances *text behind it. */
static int read_quantity(const char **text, const struct unit *units, double *value)
{
	const char *p = *text;
	if (!isdigit((unsigned char)*p))
		return -1;
	char *end;
	errno = 0;
	double number = strtod(p, &end);
	/* strtod also takes hexadecimal, exponents, "inf": plain decimals only. */
	for (const char *q = p; q < end; q++)
		if (!isdigit((unsigned char)*q) && *q != '.')
			return -1;
	p = end;
	while (*p == ' ')
		p++;
	size_t len = 0;
	while (isalpha((unsigned char)p[len]) || p[len] == '/')
		len++;
	for (const struct unit *u = units; u->suffix != NULL; u++) {
		if (strlen(u->suffix) == len && strncasecmp(u->suffix, p, len) == 0) {
			*value = number * u->factor;
			*text = p + len;
			return 0;
		}
	}
	return -1;
}

static int parse_single(const char *text, const struct unit *units, const char *expected, uint64_t *out,
			struct error *err)
{
	const char *p = text;
	double value;
	if (read_quantity(&p, units, &value) != 0 || *p != '\0')
		return error_set(err, ERROR_INPUT, "'%s' is not %s", text, expected);
	if (value >= 0x1p63)
		return error_set(err, ERROR_INPUT, "'%s' is too large", text);
	*out = (uint64_t)llround(value);
	return 0;
}

int units_parse_size(const char *text, uint64_t *out_bytes, struct error *err)
{
	return parse_single(text, size_units, "a size (such as 256MiB, 256Mi, 618MB or 327680)", out_bytes, err);
}

int units_parse_rate(const char *text, uint64_t *out_bytes_per_s, struct error *err)
{
	return parse_single(text, rate_units, "a rate (such as 2Mbit/s, 400kbit/s or 1MB/s)", out_bytes_per_s, err);
}

int units_parse_share(const char *text, double *out, struct error *err)
{
	char *end;
	double value = strtod(text, &end);
	bool percent = strcmp(end, "%") == 0;
	if (end == text || (!percent && *end != '\0') || !(value >= 0 && value <= (percent ? 100 : 1)))
		return error_set(err, ERROR_INPUT, "'%s' is not a share (such as 5%% or 0.05)", text);
	*out = percent ? value / 100 : value;
	return 0;
}

int units_parse_count(const char *text, uint64_t *out, struct error *err)
{
	const char *p = text;
	double value;
	if (read_quantity(&p, count_units, &value) != 0 || *p != '\0' || value != floor(value))
		return error_set(err, ERROR_INPUT, "'%s' is not a whole number (such as 3 or 10k)", text);
	if (value >= 0x1p53)
		return error_set(err, ERROR_INPUT, "'%s' is too large", text);
	*out = (uint64_t)value;
	return 0;
}

int units_parse_duration(const char *text, uint64_t *out_ns, struct error *err)
{
	const char *p = text;
	double total = 0;
	do {
		double value;
		if (read_quantity(&p, duration_units, &value) != 0) {
			if (strcmp(text, "0") == 0) {
				*out_ns = 0;
				return 0;
			}
			return error_set(err, ERROR_INPUT, "'%s' is not a duration (such as 500ms, 30s or 1h30m)",
					 text);
		}
		total += value;
		while (*p == ' ')
			p++;
	} while (*p != '\0');
	if (total >= 0x1p63)
		return error_set(err, ERROR_INPUT, "'%s' is too large", text);
	*out_ns = (uint64_t)llround(total);
	return 0;
}

uint64_t units_whole(double value)
{
	if (!(value > 0))
		return 0;
	return value < 0x1p63 ? (uint64_t)llround(value) : INT64_MAX;
}

/* Three significant digits, trailing zeros kept: 1.50, 15.0, 150. */
static void three_digits(double value, const char *unit, char out[UNITS_TEXT_MAX])
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(out, UNITS_TEXT_MAX, "%.*f %s", decimals, value, unit);
}

const char *units_format_size(uint64_t bytes, char out[UNITS_TEXT_MAX])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t i = 0;
	while (value >= 1023.5 && i + 1 < COUNT(names)) {
		value /= 1024;
		i++;
	}
	if (value == floor(value))
		snprintf(out, UNITS_TEXT_MAX, "%.0f %s", value, names[i]);
	else
		three_digits(value, names[i], out);
	return out;
}

const char *units_format_rate(double bytes_per_s, char out[UNITS_TEXT_MAX])
{
	static const char *const names[] = { "B/s", "kB/s", "MB/s", "GB/s" };
	size_t i = 0;
	while (bytes_per_s >= 999.5 && i + 1 < COUNT(names)) {
		bytes_per_s /= 1000;
		i++;
	}
	three_digits(bytes_per_s, names[i], out);
	return out;
}

const char *units_format_duration(uint64_t ns, char out[UNITS_TEXT_MAX])
{
	double s = (double)ns / 1e9;
	if (ns < 1000 * NS_PER_US)
		snprintf(out, UNITS_TEXT_MAX, "%.0f us", s * 1e6);
	else if (s < 0.0995)
		snprintf(out, UNITS_TEXT_MAX, "%.0f ms", s * 1e3);
	else if (s < 119.95)
		snprintf(out, UNITS_TEXT_MAX, s < 9.995 ? "%.2f s" : "%.1f s", s);
	else if (s < 7200)
		snprintf(out, UNITS_TEXT_MAX, "%.0f min %.0f s", floor(s / 60), floor(fmod(s, 60)));
	else
		snprintf(out, UNITS_TEXT_MAX, "%.0f h %.0f min", floor(s / 3600), floor(fmod(s, 3600) / 60));
	return out;
}
