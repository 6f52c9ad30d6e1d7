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

static const struct verdict_words words[] = {
	{ "crashed", "oom-kill", INK_BAD, "was killed by the kernel" },
	{ "crashed", "oom-child", INK_BAD, "lost a worker to the kernel's OOM killer" },
	{ "crashed", "alloc-failure", INK_BAD, "ended itself because an allocation failed" },
	{ "crashed", "signal", INK_BAD, "died of a signal that was not the OOM killer's" },
	{ "crashed", "exit", INK_BAD, "ended by itself" },
	{ "crashed", NULL, INK_BAD, "crashed" },
	{ "stalled", "no-victim", INK_BAD, "ran out of memory, and the kernel may kill none of it" },
	{ "stalled", NULL, INK_BAD, "stopped answering" },
	{ "grew", "leak", INK_WARN, "kept what it had taken" },
	{ "grew", "peak", INK_WARN, "rose under load and gave it back" },
	{ "grew", "page-cache", INK_GOOD, "filled the page cache" },
	{ "grew", NULL, INK_WARN, "grew" },
	{ "steady", NULL, INK_GOOD, "stayed flat" },
	{ "invalid", NULL, INK_ALARM, "proves nothing, the run is invalid" },
	{ "interrupted", NULL, INK_WARN, "was interrupted" },
	{ "skipped", NULL, INK_WARN, "was skipped" },
	{ NULL, NULL, INK_WARN, "has no verdict" },
};

const struct verdict_words *verdict_words(const struct run_summary *run)
{
	const struct verdict_words *w = words;
	if (run_unfinished(run))
		return &words[sizeof(words) / sizeof(words[0]) - 1];
	const char *cause = run->cause != NULL ? run->cause : "";
	while (w->outcome != NULL && !(run->outcome != NULL && strcmp(w->outcome, run->outcome) == 0 &&
				       (w->cause == NULL || strcmp(w->cause, cause) == 0)))
		w++;
	return w;
}

bool run_unfinished(const struct run_summary *run)
{
	return strcmp(run->state, "running") == 0;
}

bool run_crashed(const struct run_summary *run)
{
	return run->outcome != NULL && strcmp(run->outcome, "crashed") == 0;
}

bool run_ended_first(const struct facts *f)
{
	return fact_known(f->server_end_ns) &&
	       !(fact_known(f->our_signal_ns) && f->our_signal_ns.value <= f->server_end_ns.value);
}

bool run_judged(const struct run_summary *run)
{
	const char *outcome = verdict_words(run)->outcome;
	return outcome != NULL && strcmp(outcome, "invalid") != 0 && strcmp(outcome, "interrupted") != 0 &&
	       strcmp(outcome, "skipped") != 0;
}

bool verdict_as_asked(const struct run_summary *run)
{
	for (size_t i = 0; i < run->expected_count; i++) {
		size_t len = strcspn(run->expected[i], "/");
		const char *cause = run->expected[i][len] == '/' ? run->expected[i] + len + 1 : NULL;
		if (strlen(run->outcome) == len && strncmp(run->outcome, run->expected[i], len) == 0 &&
		    (cause == NULL || strcmp(cause, run->cause) == 0))
			return true;
	}
	return false;
}

void verdict_name(struct buf *b, const struct run_summary *run)
{
	if (run_unfinished(run)) {
		buf_adds(b, "unfinished");
		return;
	}
	buf_adds(b, run->outcome);
	if (run->cause != NULL && run->cause[0] != '\0')
		buf_addf(b, "/%s", run->cause);
}

void verdict_expected(struct buf *b, const struct run_summary *run)
{
	for (size_t i = 0; i < run->expected_count; i++)
		buf_addf(b, "%s%s", i == 0 ? "" : " or ", run->expected[i]);
}
