#include "report/figures.h"

#include <string.h>

static const char *figure(struct fact f, char out[UNITS_TEXT_MAX],
			  const char *(*format)(uint64_t value, char out[UNITS_TEXT_MAX]))
{
	if (f.state == FACT_KNOWN)
		return format(f.value, out);
	return strcpy(out, f.state == FACT_ABSENT ? "-" : "?");
}

static const char *format_count(uint64_t value, char out[UNITS_TEXT_MAX])
{
	snprintf(out, UNITS_TEXT_MAX, "%llu", (unsigned long long)value);
	return out;
}

const char *figure_size(struct fact f, char out[UNITS_TEXT_MAX])
{
	return figure(f, out, units_format_size);
}

const char *figure_count(struct fact f, char out[UNITS_TEXT_MAX])
{
	return figure(f, out, format_count);
}

const char *figure_duration(struct fact f, char out[UNITS_TEXT_MAX])
{
	return figure(f, out, units_format_duration);
}

void figure_pair(struct buf *b, uint64_t first, uint64_t second, const char *between,
		 const char *(*format)(struct fact f, char out[UNITS_TEXT_MAX]))
{
	char one[UNITS_TEXT_MAX], two[UNITS_TEXT_MAX];
	format(fact_of(first), one);
	format(fact_of(second), two);
	if (strcmp(one, two) == 0) {
		buf_adds(b, two);
		return;
	}
	/* One unit said once, where both are a number and the same unit. */
	char *one_unit = strchr(one, ' '), *two_unit = strchr(two, ' ');
	if (one_unit != NULL && two_unit != NULL && strcmp(one_unit, two_unit) == 0 && one_unit == strrchr(one, ' '))
		*one_unit = '\0';
	buf_addf(b, "%s%s%s", one, between, two);
}

enum ink verdict_ink(const struct run_summary *run)
{
	static const enum ink inks[] = {
		[TONE_WARN] = INK_WARN, [TONE_GOOD] = INK_GOOD, [TONE_BAD] = INK_BAD, [TONE_ALARM] = INK_ALARM
	};
	return inks[verdict_words(run)->tone];
}

bool run_ended_first(const struct facts *f)
{
	return fact_known(f->server_end_ns) &&
	       !(fact_known(f->our_signal_ns) && f->our_signal_ns.value <= f->server_end_ns.value);
}

void verdict_name(struct buf *b, const struct run_summary *run)
{
	if (run_unfinished(run)) {
		buf_adds(b, "unfinished");
		return;
	}
	buf_adds(b, summary_outcome(run));
	if (run->cause != NULL && run->cause[0] != '\0')
		buf_addf(b, "/%s", run->cause);
}

void verdict_expected(struct buf *b, const struct run_summary *run)
{
	for (size_t i = 0; i < run->expected_count; i++)
		buf_addf(b, "%s%s", i == 0 ? "" : " or ", run->expected[i]);
}
