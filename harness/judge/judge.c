#include "judge/judge.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "judge/aftermath.h"
#include "base/buf.h"
#include "base/text.h"
#include "judge/bound.h"
#include "judge/evidence.h"
#include "judge/forecast.h"
#include "judge/law.h"
#include "judge/passes.h"
#include "judge/rules.h"

const char *const outcome_names[] = {
	[OUTCOME_INVALID] = "invalid", [OUTCOME_CRASHED] = "crashed", [OUTCOME_STALLED] = "stalled",
	[OUTCOME_GREW] = "grew",       [OUTCOME_STEADY] = "steady",   [OUTCOME_INTERRUPTED] = "interrupted",
	[OUTCOME_SKIPPED] = "skipped",
};

const struct outcome_row outcome_rows[] = {
	{ OUTCOME_CRASHED, NULL, "the server, or a part of it, died" },
	{ OUTCOME_CRASHED, "oom-kill", "the kernel killed the server for lack of memory" },
	{ OUTCOME_CRASHED, "oom-child", "the kernel killed another process of the server's group" },
	{ OUTCOME_CRASHED, "alloc-failure", "the server ended itself because an allocation failed" },
	{ OUTCOME_CRASHED, "signal",
	  "another signal ended it, a SIGKILL included that neither the kernel nor the rig sent" },
	{ OUTCOME_CRASHED, "exit", "it exited while it should have served" },
	{ OUTCOME_STALLED, NULL,
	  "alive, but a health probe went unanswered past its deadline, or held back at memory.high" },
	{ OUTCOME_STALLED, "thrash", "it reads the same pages again and again, or is held back at memory.high" },
	{ OUTCOME_STALLED, "no-victim", "out of memory, and the kernel may kill none of its processes" },
	{ OUTCOME_STALLED, "hang", "without signs of either" },
	{ OUTCOME_GREW, NULL, "memory rose above the noise" },
	{ OUTCOME_GREW, "leak", "unreclaimable memory rose and stayed" },
	{ OUTCOME_GREW, "peak", "unreclaimable memory rose under load and was given back" },
	{ OUTCOME_GREW, "page-cache", "the charge rose, unreclaimable memory did not; shown by asking for it back" },
	{ OUTCOME_STEADY, NULL, "nothing rose above the noise" },
	{ OUTCOME_INVALID, NULL, "nothing can be said" },
	{ OUTCOME_INVALID, "rig", "the rig itself failed" },
	{ OUTCOME_INVALID, "cap", "the cap was not in force as asked, or was not what killed" },
	{ OUTCOME_INVALID, "group", "the server was not shown to run inside its group" },
	{ OUTCOME_INVALID, "start",
	  "the server never became ready, left its first process, or is not what the load reached" },
	{ OUTCOME_INVALID, "load", "the load was not applied in full" },
	{ OUTCOME_INVALID, "disk", "the disk ran full" },
	{ OUTCOME_INVALID, "samples", "memory was not watched closely enough" },
	{ OUTCOME_INVALID, "evidence", "a figure that the verdict needs is missing or contradicts another" },
	{ OUTCOME_INVALID, "unproven", "looks like page cache, but did not come back or was not asked back" },
	{ OUTCOME_INTERRUPTED, NULL, "the user stopped the run" },
	{ OUTCOME_SKIPPED, NULL, "the host lacks what the scenario requires" },
	{ OUTCOME_INVALID, NULL, NULL },
};

/* The first rule that decides wins; docs/verdicts.md gives the reasons for the order. */
static bool (*const rules[])(const struct facts *f, struct verdict *v) = {
	rule_interrupted, rule_skipped,	   rule_rig,  rule_cap,	 rule_group,   rule_port,   rule_life,
	rule_stall,	  rule_port_known, rule_load, rule_disk, rule_samples, rule_growth,
};

void judge(const struct facts *f, struct verdict *out)
{
	*out = (struct verdict){ .outcome = OUTCOME_INVALID };
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
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

static void add_surprise(json_t *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_surprise(json_t *lines, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	json_array_append_new(lines, text_json(buf_str(&line)));
	buf_release(&line);
}

static void check_figure(const char *text, const struct facts *f, json_t *lines)
{
	struct error err = ERROR_INIT;
	char figure[BOUND_TEXT_MAX];
	struct bound b;

	if (bound_parse(&b, text, &err) != 0)
		add_surprise(lines, "%s", err.message);
	else if (!bound_holds(&b, f))
		add_surprise(lines, "expected %s, got %s", text, bound_figure(&b, f, figure));
}

/* What was not as expected beside the verdict; the caller owns the array. */
static json_t *surprises(const struct facts *f, const struct expectation *e)
{
	json_t *lines = json_array();
	bool lost = fact_set(f->corrupt);

	if (lost != e->data_loss)
		add_surprise(lines, lost ? "no data was expected to be lost" : "data was expected to be lost");
	else if (!lost && aftermath_unknown(f)) /* what was not read is not "nothing lost" */
		add_surprise(lines, "no data was expected to be lost, and not all that was acknowledged was read");
	if (!lost && !e->data_loss && fact_set(f->read_back_failed)) /* acknowledged, and not given out */
		add_surprise(
			lines,
			"all that was acknowledged was expected to be readable, and %llu of %llu could not be read",
			(unsigned long long)f->read_back_failed.value, (unsigned long long)f->read_back_started.value);
	if (aftermath_uncapped(f)) /* what later lives did, they did under no cap or another one */
		add_surprise(lines, "the cap was expected to hold after the first death too");
	/* Unknown is neither: a run without requests, or without a record of them, fulfils no expectation of them. */
	if (e->no_failures && !(fact_known(f->requests_failed) && f->requests_failed.value == 0))
		add_surprise(lines, "no request was expected to fail");
	if (e->some_failures && !fact_set(f->requests_failed))
		add_surprise(lines, "some request was expected to fail");
	for (size_t i = 0; i < e->figure_count; i++)
		check_figure(e->figures[i], f, lines);
	return lines;
}

bool verdict_as_expected(const struct verdict *v, const struct facts *f, const struct expectation *e)
{
	json_t *lines = surprises(f, e);
	bool surprised = json_array_size(lines) > 0;

	json_decref(lines);
	return meets_any(v, e) && !surprised;
}

json_t *verdict_to_json(const struct verdict *v, const struct facts *f, const struct expectation *e)
{
	json_t *expected = json_array(), *evidence = json_array();

	for (size_t i = 0; i < e->count; i++)
		json_array_append_new(expected, json_string(e->verdicts[i]));
	for (size_t i = 0; i < v->evidence_count; i++)
		json_array_append_new(evidence, text_json(v->evidence[i]));
	json_t *law = law_asked(f, v) ? law_to_json(f) : NULL;
	return json_pack("{s:s, s:s, s:i, s:o, s:b, s:s, s:b, s:o, s:o, s:o*, s:o*}", "outcome",
			 outcome_names[v->outcome], "cause", v->cause ? v->cause : "", "judge_version", JUDGE_VERSION,
			 "expected", expected, "expected_data_loss", e->data_loss, "expected_failures",
			 e->no_failures	    ? "none"
			 : e->some_failures ? "some"
					    : "any",
			 "as_expected", verdict_as_expected(v, f, e), "surprises", surprises(f, e), "evidence",
			 evidence, "law", law, "forecast", forecast_to_json(f, v));
}
