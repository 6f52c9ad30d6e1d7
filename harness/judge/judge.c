#include "judge/judge.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "judge/aftermath.h"
#include "base/buf.h"
#include "judge/bound.h"
#include "judge/evidence.h"
#include "judge/forecast.h"
#include "judge/law.h"
#include "judge/passes.h"
#include "judge/rules.h"

/* The first rule that decides wins; docs/verdicts.md gives the reasons for the order. */
static bool (*const rules[])(const struct facts *f, struct verdict *v) = {
	rule_interrupted, rule_skipped,	   rule_rig,  rule_cap,	 rule_group,   rule_port,   rule_life,
	rule_stall,	  rule_port_known, rule_load, rule_disk, rule_samples, rule_growth,
};

void judge(const struct facts *f, struct verdict *out)
{
	*out = (struct verdict){ .outcome = OUTCOME_INVALID };
	for (size_t i = 0; i < COUNT(rules); i++)
		if (rules[i](f, out))
			break;
	law_explain(f, out);
	forecast_explain(f, out);
	aftermath_explain(f, out);
	passes_explain(f, out);
	evidence_beside(f, out);
}

void verdict_release(struct verdict *v)
{
	for (size_t i = 0; i < v->evidence_count; i++)
		free(v->evidence[i]);
	free(v->evidence);
	*v = (struct verdict){ .outcome = OUTCOME_INVALID };
}

static bool meets_one(const struct verdict *v, const char *expected)
{
	const char *name = outcome_names[v->outcome];
	size_t len = strlen(name);

	if (strncmp(expected, name, len) != 0)
		return false;
	if (expected[len] == '\0')
		return true;
	return expected[len] == '/' && v->cause != NULL && strcmp(expected + len + 1, v->cause) == 0;
}

static bool meets_any(const struct verdict *v, const struct expectation *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (meets_one(v, e->verdicts[i]))
			return true;
	return false;
}

/* Lines for people; a heap array that grows by them. */
struct lines {
	char **line;
	size_t count;
};

static void add_surprise(struct lines *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_surprise(struct lines *lines, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	lines->line = xrealloc(lines->line, (lines->count + 1) * sizeof(*lines->line));
	lines->line[lines->count++] = buf_detach(&line);
}

static void check_figure(const char *text, const struct facts *f, struct lines *lines)
{
	struct error err = ERROR_INIT;
	char figure[BOUND_TEXT_MAX];
	struct bound b;

	if (bound_parse(&b, text, &err) != 0)
		add_surprise(lines, "%s", err.message);
	else if (!bound_holds(&b, f))
		add_surprise(lines, "expected %s, got %s", text, bound_figure(&b, f, figure));
}

size_t verdict_surprises(const struct facts *f, const struct expectation *e, char ***out)
{
	struct lines lines = { 0 };
	bool lost = fact_set(f->corrupt);

	if (lost != e->data_loss)
		add_surprise(&lines, lost ? "no data was expected to be lost" : "data was expected to be lost");
	else if (!lost && aftermath_unknown(f)) /* what was not read is not "nothing lost" */
		add_surprise(&lines, "no data was expected to be lost, and not all that was acknowledged was read");
	if (!lost && !e->data_loss && fact_set(f->read_back_failed)) /* acknowledged, and not given out */
		add_surprise(
			&lines,
			"all that was acknowledged was expected to be readable, and %llu of %llu could not be read",
			(unsigned long long)f->read_back_failed.value, (unsigned long long)f->read_back_started.value);
	if (aftermath_uncapped(f)) /* what later lives did, they did under no cap or another one */
		add_surprise(&lines, "the cap was expected to hold after the first death too");
	/* Unknown is neither: a run without requests, or without a record of them, fulfils no expectation of them. */
	if (e->no_failures && !(fact_known(f->requests_failed) && f->requests_failed.value == 0))
		add_surprise(&lines, "no request was expected to fail");
	if (e->some_failures && !fact_set(f->requests_failed))
		add_surprise(&lines, "some request was expected to fail");
	for (size_t i = 0; i < e->figure_count; i++)
		check_figure(e->figures[i], f, &lines);
	*out = lines.line;
	return lines.count;
}

bool verdict_as_expected(const struct verdict *v, const struct facts *f, const struct expectation *e)
{
	char **lines;
	size_t count = verdict_surprises(f, e, &lines);

	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
	return meets_any(v, e) && count == 0;
}
